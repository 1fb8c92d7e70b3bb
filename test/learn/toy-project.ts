/**
 * A project folder with recorded episodes of a toy task, for tests: reach the origin of a plane. The state estimate holds the
 * position (its first two numbers), an action of 1 moves 0.1 per step, an episode succeeds within 0.1 of the origin.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openForReading } from '../../data/database.ts';
import { openStoreWriter } from '../../data/recording/writer.ts';
import type { ObservationRecord, StepRecord } from '../../data/records.ts';
import { ACTION_SIZE, type Actor } from '../../main/api/action.ts';
import { PROPRIOCEPTION_SIZE, STATE_ESTIMATE_SIZE } from '../../main/api/observation.ts';
import type { GrantLimit } from '../../main/api/processes/trainer-messages.ts';
import { createRng, type Rng } from '../../main/api/rng.ts';

export const REACH_GAIN = 0.1;
export const REACHED = 0.1;
const MAX_STEPS = 40;

export type Place = readonly [number, number];

export function reachStart(rng: Rng): Place {
  return [rng.range(-1, 1), rng.range(-1, 1)];
}

/** [7] */
export function reachState([x, y]: Place): Float32Array {
  const state = new Float32Array(STATE_ESTIMATE_SIZE);
  state.set([x, y]);
  return state;
}

export function reachStep([x, y]: Place, action: ArrayLike<number>): Place {
  return [x + REACH_GAIN * action[0]!, y + REACH_GAIN * action[1]!];
}

export const reached = ([x, y]: Place) => Math.hypot(x, y) < REACHED;

/** Straight to the goal, a little clumsily. */
export function reachExpert([x, y]: Place, rng: Rng): Float32Array {
  const action = new Float32Array(ACTION_SIZE);
  const length = Math.max(Math.hypot(x, y), 1e-6);
  const speed = Math.min(1, length / REACH_GAIN) * 0.7;
  action.set([(-x / length) * speed + 0.1 * rng.normal(), (-y / length) * speed + 0.1 * rng.normal()]);
  return action.map((value) => Math.min(1, Math.max(-1, value)));
}

function observation(place: Place, timeMs: number): ObservationRecord {
  return {
    timeMs,
    baseFromTool: { positionM: [place[0], place[1], 0], orientation: [0, 0, 0, 1] },
    twistInTool: [0, 0, 0, 0, 0, 0],
    wrenchInTool: [0, 0, 0, 0, 0, 0],
    jointPositionsRad: [],
    gripperOpeningM: 0,
    proprioception: new Float32Array(PROPRIOCEPTION_SIZE),
    embedding: reachState(place),
    frames: [],
    tactile: [],
    scenePoses: new Float32Array(0),
  };
}

export interface ToyEpisodes {
  readonly demonstrations: number;
  /** Episodes driven at random, with the expert in the second half. */
  readonly corrected: number;
  /** Episodes that a policy as good as the expert drives alone. */
  readonly alone?: number;
  /** Name of the policy that drives. */
  readonly policy?: string;
  readonly seed: number;
}

/** Appends episodes to a project folder; returns their ids. */
export async function recordToyEpisodes(
  folder: string,
  { demonstrations, corrected, alone = 0, policy = 'starter', seed }: ToyEpisodes,
): Promise<number[]> {
  const store = await openStoreWriter({ folder, reserveBytes: 0 });
  const rng = createRng(seed);
  const ids: number[] = [];
  for (let episode = 0; episode < demonstrations + corrected + alone; episode++) {
    const demonstrating = episode < demonstrations;
    const unaided = episode >= demonstrations + corrected;
    let place = reachStart(rng);
    const id = store.beginEpisode({
      task: 'insert',
      mode: demonstrating ? 'demonstrate' : 'run',
      observation: 'state',
      seed: episode,
      policy: demonstrating ? undefined : policy,
      policyIsCandidate: false,
      actingNoiseStd: 0,
      periodMs: 100,
      successBy: 'simulator',
      startedAtMs: 0,
      encoderSha256: undefined,
      first: observation(place, 0),
    });
    let success = false;
    for (let index = 0; index < MAX_STEPS && !success; index++) {
      const expert = demonstrating || unaided || index > 10;
      const actor: Actor = expert && !unaided ? 'human' : 'policy';
      const action = expert
        ? reachExpert(place, rng)
        : Float32Array.from({ length: ACTION_SIZE }, (_, at) => (at < 2 ? rng.range(-1, 1) : 0));
      place = reachStep(place, action);
      success = reached(place);
      const step: StepRecord = {
        index,
        actor,
        idle: false,
        action,
        policyAction: undefined,
        humanAction: undefined,
        takeoverSubstep: undefined,
        reward: success ? 10 : -0.05,
        terminated: success,
        truncated: !success && index === MAX_STEPS - 1,
        effectDelayMs: 30,
        late: false,
        safety: [],
        next: observation(place, 100 * (index + 1)),
      };
      store.appendStep(id, step);
    }
    store.endEpisode(id, { outcome: success ? 'success' : 'truncated', judge: 'simulator' });
    await store.room();
    ids.push(id);
  }
  await store.drained();
  await store.close();
  return ids;
}

/** A grant that ends with the end of an episode, whatever else the folder holds. */
export function grantThrough(folder: string, throughEpisodeId: number): GrantLimit {
  const database = openForReading(folder);
  const throughSequence = database
    .prepare<[number], number>(`SELECT sequence FROM verdict WHERE episode_id = ? AND kind = 'end'`)
    .pluck()
    .get(throughEpisodeId);
  database.close();
  if (throughSequence === undefined) throw new Error(`episode ${throughEpisodeId} of ${folder} has not ended`);
  return { throughEpisodeId, throughSequence };
}

/** A folder that is removed when the test ends. */
export function temporaryFolder(after: (clean: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-learn-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
