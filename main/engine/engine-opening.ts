/** Opens an engine: devices first, then subscriptions to everything that reports to it, then its first policy. */

import { sendRig } from './engine-status.ts';
import type { EngineParts } from './engine-types.ts';
import { holding } from './loop/faults.ts';
import { judgeOf } from './policy/success-judge.ts';
import { type Answer, done } from './services.ts';

/** Adds the subscriptions to `subscriptions`, so that closing ends them also when opening fails on the way. */
export async function openEngine(parts: EngineParts, subscriptions: (() => void)[]): Promise<Answer<undefined>> {
  const { options, policies, settings, episodes, run } = parts;
  await options.cell.open();
  await options.puck.open();
  const made = [...subscribeToDevices(parts), ...subscribeToServices(parts)];
  subscriptions.push(...made.filter((unsubscribe) => unsubscribe !== undefined));
  if (options.classifiers) run.inBackground(useNewestClassifier(parts));
  await episodes.refresh();
  run.skipSeeds(Math.max(0, ...episodes.recent().map((episode) => episode.id)));
  if (options.policyManifestPath === undefined) return done(undefined);
  const first = await policies.loadFirst(options.policyManifestPath);
  if (first.kind === 'refused') return first;
  if (settings.adoptActingNoise(first.value.actingNoiseStd)) sendRig(parts);
  return done(undefined);
}

function subscribeToDevices({ options, policy, loop, notices, changes }: EngineParts) {
  return [
    options.cell.onFault(({ device, message, remedy }) => loop.fault(holding(`${device}: ${message}`, remedy))),
    options.puck.onHealth(() => changes.tell()),
    policy.onTrouble((trouble) => notices.sayRefusal('policy', 'error', { kind: 'refused', ...trouble })),
    options.writer?.onProblem(({ message, remedy, fatal, about }) => {
      if (fatal && loop.phase() === 'running') loop.fault(holding(message, remedy));
      // The gauge shows a full disk for as long as it is full.
      else if (about !== 'disk')
        notices.say({ topic: `store: ${message}`, level: fatal ? 'error' : 'warning', text: message, remedy });
    }),
  ];
}

function subscribeToServices(parts: EngineParts) {
  const { messages, policies, run, options } = parts;
  const { runs, exports, classifiers } = options;
  return [
    runs?.onStatus((status) => messages.tell({ kind: 'run', run: status })),
    runs?.onPublished(({ policy, manifestPath, task }) => policies.publish(policy, manifestPath, task)),
    exports?.onProgress((progress) => messages.tell({ kind: 'export', ...progress })),
    classifiers?.onChanged(() => run.inBackground(useNewestClassifier(parts))),
  ];
}

/**
 * Makes the newest classifier give its opinion. When the settings name a classifier and there is none, the default
 * judge decides.
 */
async function useNewestClassifier(parts: EngineParts): Promise<void> {
  const { options, success, settings, notices, messages } = parts;
  const used = await success.useNewest();
  notices.sayRefusal('classifier', 'warning', used, 'The classifier is not in use: ');
  const chosen = settings.inForce.success;
  if (chosen.by === 'classifier' && success.inUse() === undefined) {
    settings.change({ success: { ...chosen, by: judgeOf(options.cell.info) } });
    notices.say({
      topic: 'judge',
      level: 'warning',
      text: 'The classifier that was to end episodes is not here.',
      remedy: 'Choose in the Data tab who does.',
    });
    sendRig(parts);
  }
  messages.tell({ kind: 'classifier', state: success.state() });
}
