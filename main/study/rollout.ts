/** Runs episodes of a policy headless, alone or corrected by the scripted operator, and records them. */
import type { EpisodeSummary } from '../api/episode.ts';
import type { ObservationKind } from '../api/observation.ts';
import { episodeSeed, type TaskId } from '../api/task.ts';
import { SCRIPTED_POLICY_NAME } from '../engine/policy/scripted-policy.ts';
import { findPolicy } from '../runs/policies/policy-registry.ts';
import { letClassifierDecide, newestClassifier } from './classifier/project-classifier.ts';
import { evaluationOf } from './evaluation.ts';
import { openSession } from './session.ts';

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

export async function rollOut(request: RolloutRequest, onEpisode: (done: number, successes: number) => void) {
  const { projectFolder, task, encoder } = request;
  const policy = request.policy === SCRIPTED_POLICY_NAME ? undefined : findPolicy(projectFolder, request.policy, task);
  const classifier = request.successBy === 'classifier' ? newestClassifier(projectFolder) : undefined;
  await using session = await openSession({
    projectFolder,
    task,
    observation: request.observation ?? policy?.manifest.observation ?? 'pixels',
    encoder,
    record: true,
    policy: policy ?? 'scripted',
    actingNoiseStd: request.noise ?? policy?.manifest.actingNoiseStd,
  });
  const { rig, writer } = session;
  if (classifier) await letClassifierDecide(rig.engine, classifier);
  const before = writer?.counts();
  const episodes: EpisodeSummary[] = [];
  let simulatedSec = 0;
  let wallSec = 0;
  for (let index = 0; index < request.episodes; index++) {
    const seed = episodeSeed('training', index, request.seed);
    const { episode, timing } = await session.run(seed, request.operator === 'scripted' ? 'supervise' : 'alone');
    episodes.push(episode);
    simulatedSec += timing.simulatedSec;
    wallSec += timing.wallSec;
    onEpisode(index + 1, evaluationOf(episodes).successes);
  }
  await writer?.drained();
  const after = writer?.counts();
  const { successes, interventionRate } = evaluationOf(episodes);
  return {
    episodes: episodes.length,
    successes,
    transitions: episodes.reduce((sum, episode) => sum + episode.steps, 0),
    rlTransitions: (after?.rlTransitions ?? 0) - (before?.rlTransitions ?? 0),
    demoTransitions: (after?.demoTransitions ?? 0) - (before?.demoTransitions ?? 0),
    interventionRate,
    realTimeFactor: wallSec > 0 ? simulatedSec / wallSec : 0,
  };
}
