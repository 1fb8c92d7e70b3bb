/** Runs episodes of a policy headless, alone or corrected by the scripted operator, and records them. */
import { type EpisodeSummary, interventionRate } from '../api/episode.ts';
import type { ObservationKind } from '../api/observation.ts';
import { episodeSeed, type TaskId } from '../api/task.ts';
import { SCRIPTED_POLICY_NAME } from '../engine/policy/scripted-policy.ts';
import { findPolicy } from '../runs/policies/policy-registry.ts';
import { letClassifierDecide, newestClassifier } from './classifier/project-classifier.ts';
import { episodeOf, openSession, usePolicy } from './session.ts';
import { mean } from './statistics.ts';

export interface RolloutRequest {
  readonly projectFolder: string;
  /** Name of a policy, or `SCRIPTED_POLICY_NAME`. */
  readonly policy: string;
  readonly operator: 'none' | 'scripted';
  readonly episodes: number;
  readonly seed: number;
  readonly task: TaskId;
  /** Default: what the policy was trained with. */
  readonly observation?: ObservationKind | undefined;
  readonly successBy: 'simulator' | 'classifier';
  readonly encoder?: string | undefined;
  /** Standard deviation of the acting noise. Default: what the policy asks for. */
  readonly noise?: number | undefined;
}

export interface RolloutResult {
  readonly episodes: number;
  readonly successes: number;
  readonly transitions: number;
  readonly rlTransitions: number;
  readonly demoTransitions: number;
  readonly interventionRate: number;
  readonly realTimeFactor: number;
}

const isSuccess = (episode: EpisodeSummary) => episode.outcome === 'success';

export async function rollOut(
  request: RolloutRequest,
  onEpisode: (done: number, successes: number) => void,
): Promise<RolloutResult> {
  const scripted = request.policy === SCRIPTED_POLICY_NAME;
  const policy = scripted ? undefined : findPolicy(request.projectFolder, request.policy);
  await using session = await openSession({
    projectFolder: request.projectFolder,
    task: request.task,
    observation: request.observation ?? policy?.manifest.observation ?? 'pixels',
    encoder: request.encoder,
    record: true,
    policy: { kind: scripted ? 'scripted' : 'process' },
    actingNoiseStd: request.noise ?? policy?.manifest.actingNoiseStd,
  });
  const { rig, writer } = session;
  if (policy) await usePolicy(rig, policy.name, policy.manifestPath);
  if (request.successBy === 'classifier')
    await letClassifierDecide(rig.engine, newestClassifier(request.projectFolder));
  const before = writer?.counts();
  const episodes: EpisodeSummary[] = [];
  let simulatedSec = 0;
  let wallSec = 0;
  for (let index = 0; index < request.episodes; index++) {
    const seed = episodeSeed('training', index, request.seed);
    const ended = await rig.episode(seed, request.operator === 'scripted' ? 'supervise' : 'alone');
    episodes.push(episodeOf(ended));
    if (ended.kind === 'ended') {
      simulatedSec += ended.timing.simulatedSec;
      wallSec += ended.timing.wallSec;
    }
    onEpisode(index + 1, episodes.filter(isSuccess).length);
  }
  await writer?.drained();
  const after = writer?.counts();
  return {
    episodes: episodes.length,
    successes: episodes.filter(isSuccess).length,
    transitions: episodes.reduce((sum, episode) => sum + episode.steps, 0),
    rlTransitions: (after?.rlTransitions ?? 0) - (before?.rlTransitions ?? 0),
    demoTransitions: (after?.demoTransitions ?? 0) - (before?.demoTransitions ?? 0),
    interventionRate: mean(episodes.map(interventionRate)),
    realTimeFactor: wallSec > 0 ? simulatedSec / wallSec : 0,
  };
}
