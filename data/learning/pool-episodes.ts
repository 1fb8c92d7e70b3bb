/**
 * The episodes of a transition pool. Their rows are written once. A verdict that comes later changes the reward, the
 * mask and the returns in those rows; a discard only sets a flag.
 */
import { ACTION_NAMES, ACTION_SIZE } from '../../main/api/action.ts';
import type { Outcome } from '../../main/api/episode.ts';
import { allFinite, findNotFinite } from '../../main/api/finite.ts';
import { TASKS } from '../../main/api/task.ts';
import { type Ending, endingUnder, neverSucceeding } from '../rules.ts';
import { withGripperInForce } from './gripper-in-force.ts';
import { writeReturns } from './monte-carlo.ts';
import { IN_DEMO, IN_RL, IS_LAST, type PoolTables } from './pool-tables.ts';
import type { Flaw, PoolEpisode, PoolEvent, PoolOptions, PoolStep } from './pool-types.ts';

export interface EpisodeEntry extends Pick<PoolEpisode, 'id' | 'task' | 'outcome' | 'driver'> {
  readonly firstObservation: number;
  readonly firstTransition: number;
  readonly steps: number;
  /** The last transition as recorded. */
  readonly recorded: Ending | undefined;
  /** Verdicts given after the end, oldest first. The newest one decides. */
  readonly verdicts: { readonly sequence: number; readonly outcome: Outcome }[];
  discarded: boolean;
}

export function createPoolEpisodes(
  tables: PoolTables,
  options: Pick<PoolOptions, 'discount' | 'gripperInForce' | 'takeoverPenalty'>,
) {
  const { observations, transitions, views } = tables;
  const entries = new Map<number, EpisodeEntry>();
  /** The first number of each episode that is not finite. */
  const flaws = new Map<number, Flaw>();
  const examine = (episodeId: number, where: string, what: string, values: ArrayLike<number>) => {
    const found = flaws.has(episodeId) ? undefined : findNotFinite([[what, values]]);
    if (!found) return;
    flaws.set(episodeId, { episodeId, words: `${where} of episode ${episodeId} holds ${found.value} in its ${what}` });
  };
  const setEmbedding = (row: number, embedding: Float32Array, view = 0) => {
    tables.writeEmbedding(row, embedding, view);
    if (allFinite(embedding)) return;
    examine(observations.episode[row] ?? 0, `observation ${indexOf(tables, row)}`, 'embedding', embedding);
  };

  return {
    setEmbedding,
    entries: () => entries.values(),
    has: (episodeId: number): boolean => entries.has(episodeId),
    /** Returns the first flaw of an episode that is not discarded. */
    flaw: (): Flaw | undefined => [...flaws.values()].find(({ episodeId }) => !entries.get(episodeId)?.discarded),

    add(episode: PoolEpisode): void {
      const { id, task, steps, driver, outcome } = episode;
      if (entries.has(id)) throw new RangeError(`Episode ${id} is in the pool already.`);
      refuseMisfit(episode, tables.proprioceptionSize);
      const { firstObservation, firstTransition } = tables.append(episode.observations.length, steps.length);
      episode.observations.forEach(({ proprioception, embedding }, index) => {
        const row = firstObservation + index;
        examine(id, `observation ${index}`, 'proprioception', proprioception);
        observations.proprioception.set(proprioception, row * tables.proprioceptionSize);
        observations.previous[row] = index === 0 ? row : row - 1;
        observations.episode[row] = id;
        observations.embedded[row] = tables.embeddingSize === 0 ? 1 : 0;
        if (embedding && tables.embeddingSize > 0) setEmbedding(row, embedding);
      });
      const inForce = options.gripperInForce && usesGripper(task);
      const given = steps.map(({ action }) => action);
      const actions = inForce ? withGripperInForce(episode.observations[0]!.proprioception, given) : given;
      steps.forEach((step, index) => {
        examine(id, `step ${index}`, 'action', step.action);
        examine(id, `step ${index}`, 'reward', [step.reward]);
        transitions.action.set(actions[index]!, (firstTransition + index) * ACTION_SIZE);
        writeStep(tables, firstTransition + index, firstObservation + index, step, index + 1 === steps.length);
        if (isTakenOver(step, steps[index + 1]))
          transitions.reward[firstTransition + index]! -= options.takeoverPenalty ?? 0;
      });
      const recorded = steps.at(-1);
      const counts = { firstObservation, firstTransition, steps: steps.length };
      const entry = { id, task, outcome, driver, ...counts, recorded, verdicts: [], discarded: false };
      entries.set(id, entry);
      writeEndingAndReturns(tables, entry, options);
    },

    /** Ignores events of episodes that are not in the pool. */
    apply(event: PoolEvent): void {
      const entry = entries.get(event.episodeId);
      if (!entry) return;
      applyTo(entry, event);
      writeEndingAndReturns(tables, entry, options);
    },

    /** Fills the views that cannot be computed, because there are no pictures, with the recorded view. */
    repeatRecordedView(row: number): void {
      const { embeddingSize } = tables;
      const recorded = observations.embedding.slice(row * views * embeddingSize, (row * views + 1) * embeddingSize);
      for (let view = observations.embedded[row] ?? 0; view < views; view++) setEmbedding(row, recorded, view);
    },
  };
}

const usesGripper = (task: PoolEpisode['task']): boolean =>
  TASKS[task].actionMask[ACTION_NAMES.indexOf('gripper')] === true;

/** Returns the index of an observation in its episode. */
function indexOf({ observations: { previous } }: PoolTables, row: number): number {
  let first = row;
  while (previous[first] !== first) first = previous[first] ?? first;
  return row - first;
}

function refuseMisfit({ id, observations, steps }: PoolEpisode, proprioceptionSize: number): void {
  if (observations.length !== steps.length + 1)
    throw new RangeError(
      `Episode ${id} has ${steps.length} steps and ${observations.length} observations; expected one more.`,
    );
  const misfit = observations.find(({ proprioception }) => proprioception.length !== proprioceptionSize);
  if (misfit)
    throw new RangeError(
      `Episode ${id}: proprioception of ${misfit.proprioception.length} numbers, not ${proprioceptionSize}.`,
    );
}

/** Returns true for the policy's last step before a person drives. An episode's last step has no next one. */
const isTakenOver = (step: PoolStep, next: PoolStep | undefined): boolean =>
  step.actor === 'policy' && next !== undefined && next.actor !== 'policy';

function writeStep({ transitions }: PoolTables, row: number, observation: number, step: PoolStep, isLast: boolean) {
  transitions.observation[row] = observation;
  transitions.reward[row] = step.reward;
  transitions.mask[row] = step.terminated ? 0 : 1;
  transitions.human[row] = step.actor === 'human' ? 1 : 0;
  transitions.policy[row] = step.actor === 'policy' ? 1 : 0;
  transitions.idle[row] = step.idle ? 1 : 0;
  transitions.member[row] = (step.rl ? IN_RL : 0) | (step.demo ? IN_DEMO : 0) | (isLast ? IS_LAST : 0);
}

function applyTo(entry: EpisodeEntry, { kind, sequence, outcome, refersTo }: PoolEvent): void {
  if (kind === 'discard' || kind === 'restore') entry.discarded = kind === 'discard';
  else if (kind === 'relabel' && outcome) entry.verdicts.push({ sequence, outcome });
  else {
    const index = entry.verdicts.findIndex((verdict) => verdict.sequence === refersTo);
    if (index >= 0) entry.verdicts.splice(index, 1);
  }
}

/** Writes reward, mask and returns of an episode under its newest verdict. */
function writeEndingAndReturns(
  { transitions }: PoolTables,
  entry: EpisodeEntry,
  { discount }: Pick<PoolOptions, 'discount'>,
) {
  const { firstTransition, steps, recorded, task } = entry;
  if (!recorded) return;
  const outcome = entry.verdicts.at(-1)?.outcome ?? entry.outcome;
  const ending = endingUnder(outcome, task, recorded);
  const end = firstTransition + steps;
  const never = neverSucceeding(task, discount);
  transitions.reward[end - 1] = outcome === 'failure' ? never : ending.reward;
  transitions.mask[end - 1] = ending.terminated ? 0 : 1;
  const returns = {
    whole: transitions.monteCarlo.subarray(firstTransition, end),
    cut: transitions.monteCarloCut.subarray(firstTransition, end),
  };
  writeReturns({
    reward: transitions.reward.subarray(firstTransition, end),
    human: transitions.human.subarray(firstTransition, end),
    success: outcome === 'success',
    neverSucceeding: never,
    discount,
    ...returns,
  });
}
