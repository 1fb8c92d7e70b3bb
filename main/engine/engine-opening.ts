/** Opens an engine: devices first, then subscriptions to everything that reports to it, then its first policy. */

import type { EngineParts } from './engine-parts.ts';
import { sendRig } from './engine-status.ts';
import { judgeOf } from './policy/success-judge.ts';
import { type Answer, done } from './services.ts';

type Unsubscribe = () => void;

/** Adds the subscriptions to `subscriptions`, so that closing ends them also when opening fails on the way. */
export async function openEngine(parts: EngineParts, subscriptions: Unsubscribe[]): Promise<Answer<undefined>> {
  const { options, policies, settings, episodes, run } = parts;
  await options.cell.open();
  await options.puck.open();
  subscriptions.push(...subscribeToDevices(parts), ...subscribeToServices(parts));
  if (options.classifiers) run.inBackground(useNewestClassifier(parts));
  await episodes.refresh();
  run.skipSeeds(Math.max(0, ...episodes.recent().map((episode) => episode.id)));
  if (options.policyManifestPath === undefined) return done(undefined);
  const first = await policies.loadFirst(options.policyManifestPath);
  if (first.kind === 'refused') return first;
  if (settings.adoptActingNoise(first.value.actingNoiseStd)) sendRig(parts);
  return done(undefined);
}

function subscribeToDevices({ options, policy, loop, notices, changes }: EngineParts): readonly Unsubscribe[] {
  const subscriptions = [
    options.cell.onFault(({ device, message, remedy }) =>
      loop.fault({ what: `${device}: ${message}`, armDoes: 'It holds where it is.', remedy }),
    ),
    options.puck.onHealth(() => changes.tell()),
    policy.onTrouble((trouble) => notices.sayRefusal('policy', 'error', { kind: 'refused', ...trouble })),
  ];
  if (options.writer)
    subscriptions.push(
      options.writer.onProblem(({ message, remedy, fatal, about }) => {
        if (fatal && loop.phase() === 'running')
          loop.fault({ what: message, armDoes: 'It holds where it is.', remedy });
        // The gauge shows a full disk for as long as it is full.
        else if (about !== 'disk')
          notices.say({ topic: `store: ${message}`, level: fatal ? 'error' : 'warning', text: message, remedy });
      }),
    );
  return subscriptions;
}

function subscribeToServices(parts: EngineParts): readonly Unsubscribe[] {
  const { runs, exports, classifiers } = parts.options;
  const { messages, policies, run } = parts;
  const subscriptions: Unsubscribe[] = [];
  if (runs)
    subscriptions.push(
      runs.onStatus((status) => messages.tell({ kind: 'run', run: status })),
      runs.onPublished(({ policy, manifestPath }) => policies.publish(policy, manifestPath)),
    );
  if (exports)
    subscriptions.push(
      exports.onProgress(({ message, ...progress }) =>
        messages.tell({ kind: 'export', ...progress, ...(message === undefined ? {} : { message }) }),
      ),
    );
  if (classifiers) subscriptions.push(classifiers.onChanged(() => run.inBackground(useNewestClassifier(parts))));
  return subscriptions;
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
