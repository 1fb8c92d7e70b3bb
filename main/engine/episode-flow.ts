/** The way from one episode to the next: load the policy that is due, reset, start, and Resume after a hold. */
import type { EngineParts } from './engine-types.ts';
import { type Answer, done, refused } from './services.ts';

/** Loads the policy that is due. Ends the notice about a policy that could not be used. */
export async function loadPolicyInUse({ policies, notices }: EngineParts): Promise<Answer<undefined>> {
  const loaded = await policies.loadInUse();
  if (loaded.kind === 'done') notices.over('policy');
  return loaded;
}

/** Loads the newest policy, then begins the next reset. */
export async function prepareNextEpisode(parts: EngineParts): Promise<void> {
  const loaded = await loadPolicyInUse(parts);
  parts.notices.sayRefusal('policy', 'error', loaded);
  if (parts.loop.phase() === 'resetting') await parts.run.resetToNext();
}

/**
 * Starts an episode of the policy when automatic start is on and a window watches. A person who demonstrates starts
 * each episode.
 */
export function startIfDue({ options, settings, supervision, loop, policies, notices }: EngineParts): void {
  if (!settings.autoStart() || options.headless) return;
  if (!supervision.unattended && supervision.windows === 0) return;
  if (loop.mode() !== 'run' || loop.phase() !== 'ready' || policies.name() === undefined) return;
  const refusal = loop.start();
  if (refusal) notices.say({ topic: 'start', level: 'warning', text: refusal.message, remedy: refusal.remedy });
}

/** Ends the running episode and resets, or resets at once when none runs. */
export function endEpisode({ loop, run }: EngineParts): Answer<undefined> {
  if (loop.phase() === 'hold') return refused('The arm is held.', 'Press Resume first.');
  if (loop.phase() === 'running') loop.request({ reset: true });
  else run.inBackground(run.resetToNext());
  return done(undefined);
}

/** Leaves a hold: loads the policy that is due, then resets. */
export async function resume(parts: EngineParts): Promise<Answer<undefined>> {
  const { options, loop, run, notices } = parts;
  if (!options.headless && run.state() === 'closed') return refused('The engine is closing.', 'Start it again.');
  if (!options.headless && run.state() === 'not-started')
    return refused('The engine is still starting: the arm is not ready yet.', 'Wait a moment, then press Resume.');
  const refusal = loop.resumeRefusal();
  if (refusal) return refused(refusal, 'Let go of the puck, then press Resume.');
  const holds = loop.holds();
  const loaded = await loadPolicyInUse(parts);
  if (loaded.kind === 'refused' && loop.mode() === 'run') return loaded;
  notices.sayRefusal('policy', 'warning', loaded);
  // Loading takes time. A hold, or a push of the puck, that came meanwhile is respected.
  if (loop.holds() !== holds) return refused('The arm was held again meanwhile.', 'Press Resume once more.');
  const lateRefusal = loop.resumeRefusal();
  if (lateRefusal) return refused(lateRefusal, 'Let go of the puck, then press Resume.');
  notices.clearFault();
  loop.release();
  run.inBackground(run.resetToNext());
  return done(undefined);
}
