/**
 * The trainer's memory of both buffers: compact typed arrays that grow. Every observation is held once; a transition refers to
 * two of them, and stacking looks back within its own episode only. Corrections (verdict, discard, undo) change what a
 * transition means or whether it is drawn, never where it is: row numbers are stable, so a recorded batch can be drawn again.
 */
import { ACTION_SIZE } from '../../main/api/action.ts';
import type { Mode, Outcome } from '../../main/api/episode.ts';
import { allFinite, findNotFinite } from '../../main/api/finite.ts';
import type { Rng } from '../../main/api/rng.ts';
import { TASKS, type TaskId } from '../../main/api/task.ts';
import { type Ending, endingUnder } from '../rules.ts';
import { bytes, createTable, floats, ints } from './columns.ts';
import { writeReturns } from './monte-carlo.ts';
import type {
  Driver,
  Flaw,
  MissingEmbedding,
  PoolEpisode,
  PoolEvent,
  PoolOptions,
  PoolSource,
  TransitionBatch,
} from './pool-types.ts';

interface EpisodeEntry {
  readonly id: number;
  readonly task: TaskId;
  readonly mode: Mode;
  readonly firstObservation: number;
  readonly firstTransition: number;
  readonly steps: number;
  /** The last transition as recorded. */
  readonly recorded: Ending | undefined;
  /** Verdicts given since, oldest first; the newest that stands decides. */
  readonly verdicts: { readonly sequence: number; readonly outcome: Outcome }[];
  readonly endedAs: Outcome;
  readonly driver: Driver | undefined;
  discarded: boolean;
}

export type TransitionPool = ReturnType<typeof createTransitionPool>;

const IN_RL = 1;
const IN_DEMO = 2;
/** Last transition of its episode. */
const IS_LAST = 4;

export function createTransitionPool(options: PoolOptions) {
  const { embeddingSize: E, proprioceptionSize: P, stack: S, discount, nStep = 1 } = options;
  const A = ACTION_SIZE;
  const V = E > 0 ? (options.views ?? 1) : 1;
  const episodes = new Map<number, EpisodeEntry>();
  let observationCount = 0;
  let transitionCount = 0;
  const observationTable = createTable({
    embedding: floats(V * E),
    proprioception: floats(P),
    /** The row before in the same episode; an episode's first row refers to itself. */
    previous: ints(),
    /** Views that are there. */
    embedded: bytes(),
    episode: ints(),
  });
  const transitionTable = createTable({
    observation: ints(),
    action: floats(A),
    reward: floats(),
    mask: floats(),
    monteCarlo: floats(),
    monteCarloCut: floats(),
    human: bytes(),
    policy: bytes(),
    idle: bytes(),
    member: bytes(),
  });
  const { columns: seen } = observationTable;
  const { columns: done } = transitionTable;
  /** Transitions that may be drawn, in row order; made again when something changed. */
  let lists: Readonly<Record<PoolSource, Int32Array>> | undefined;

  /** Returns the index of an observation in its episode. */
  const indexOf = (row: number): number => {
    let first = row;
    while (seen.previous[first] !== first) first = seen.previous[first] ?? first;
    return row - first;
  };
  /** The first number found that is not finite, by episode. */
  const flaws = new Map<number, Flaw>();
  const examine = (episodeId: number, where: string, what: string, values: ArrayLike<number>) => {
    const found = flaws.has(episodeId) ? undefined : findNotFinite([[what, values]]);
    if (found)
      flaws.set(episodeId, {
        episodeId,
        words: `${where} of episode ${episodeId} holds ${found.value} in its ${what}`,
      });
  };

  /** Views come in order; 0 is the recorded one. */
  const setEmbedding = (row: number, embedding: Float32Array, view = 0) => {
    if (embedding.length !== E)
      throw new RangeError(`An embedding of ${embedding.length} numbers; this pool holds embeddings of ${E}.`);
    const there = seen.embedded[row] ?? 0;
    if (view > there || view >= V)
      throw new RangeError(`View ${view} of observation ${row} out of turn: ${there} of ${V} are there.`);
    const episodeId = seen.episode[row] ?? 0;
    if (!allFinite(embedding)) examine(episodeId, `observation ${indexOf(row)}`, 'embedding', embedding);
    seen.embedding.set(embedding, (row * V + view) * E);
    seen.embedded[row] = Math.max(there, view + 1);
    lists = undefined;
  };

  /** Reward, mask and returns of an episode under the verdict that stands. */
  const applyVerdict = (entry: EpisodeEntry) => {
    const { firstTransition, steps, recorded, task } = entry;
    if (steps === 0 || !recorded) return;
    const outcome = entry.verdicts.at(-1)?.outcome ?? entry.endedAs;
    const ending = endingUnder(outcome, task, recorded);
    const last = firstTransition + steps - 1;
    done.reward[last] = ending.reward;
    done.mask[last] = ending.terminated ? 0 : 1;
    const end = firstTransition + steps;
    writeReturns({
      reward: done.reward.subarray(firstTransition, end),
      human: done.human.subarray(firstTransition, end),
      success: outcome === 'success',
      rewardPerStep: TASKS[task].rewardPerStep,
      discount,
      whole: done.monteCarlo.subarray(firstTransition, end),
      cut: done.monteCarloCut.subarray(firstTransition, end),
    });
    lists = undefined;
  };

  const addEpisode = (episode: PoolEpisode) => {
    if (episodes.has(episode.id)) throw new RangeError(`Episode ${episode.id} is in the pool already.`);
    if (episode.observations.length !== episode.steps.length + 1)
      throw new RangeError(
        `Episode ${episode.id} has ${episode.steps.length} steps and ${episode.observations.length} observations; expected one more.`,
      );
    observationTable.reserve(observationCount + episode.observations.length);
    transitionTable.reserve(transitionCount + episode.steps.length);
    const firstObservation = observationCount;
    episode.observations.forEach(({ proprioception, embedding }, index) => {
      if (proprioception.length !== P)
        throw new RangeError(`Episode ${episode.id}: proprioception of ${proprioception.length} numbers, not ${P}.`);
      const row = firstObservation + index;
      examine(episode.id, `observation ${index}`, 'proprioception', proprioception);
      seen.proprioception.set(proprioception, row * P);
      seen.previous[row] = index === 0 ? row : row - 1;
      seen.episode[row] = episode.id;
      seen.embedded[row] = E === 0 ? 1 : 0;
      if (embedding && E > 0) setEmbedding(row, embedding);
    });
    const firstTransition = transitionCount;
    episode.steps.forEach((step, index) => {
      const row = firstTransition + index;
      done.observation[row] = firstObservation + index;
      examine(episode.id, `step ${index}`, 'action', step.action);
      examine(episode.id, `step ${index}`, 'reward', [step.reward]);
      done.action.set(step.action, row * A);
      done.reward[row] = step.reward;
      done.mask[row] = step.terminated ? 0 : 1;
      done.human[row] = step.actor === 'human' ? 1 : 0;
      done.policy[row] = step.actor === 'policy' ? 1 : 0;
      done.idle[row] = step.idle ? 1 : 0;
      const last = index === episode.steps.length - 1;
      done.member[row] = (step.rl ? IN_RL : 0) | (step.demo ? IN_DEMO : 0) | (last ? IS_LAST : 0);
    });
    observationCount += episode.observations.length;
    transitionCount += episode.steps.length;
    const entry: EpisodeEntry = {
      id: episode.id,
      task: episode.task,
      mode: episode.mode,
      firstObservation,
      firstTransition,
      steps: episode.steps.length,
      recorded: episode.steps.at(-1),
      verdicts: [],
      endedAs: episode.outcome,
      driver: episode.driver,
      discarded: false,
    };
    episodes.set(episode.id, entry);
    applyVerdict(entry);
    lists = undefined;
  };

  /** Events about episodes that are not in the pool are none of its business. */
  const applyEvent = (event: PoolEvent) => {
    const entry = episodes.get(event.episodeId);
    if (!entry) return;
    if (event.kind === 'discard' || event.kind === 'restore') entry.discarded = event.kind === 'discard';
    else if (event.kind === 'relabel' && event.outcome)
      entry.verdicts.push({ sequence: event.sequence, outcome: event.outcome });
    else {
      const index = entry.verdicts.findIndex((verdict) => verdict.sequence === event.refersTo);
      if (index >= 0) entry.verdicts.splice(index, 1);
    }
    applyVerdict(entry);
    lists = undefined;
  };

  const makeLists = (): Readonly<Record<PoolSource, Int32Array>> => {
    const found: Record<PoolSource, number[]> = { rl: [], demo: [], imitation: [], all: [] };
    for (const entry of episodes.values()) {
      if (entry.discarded) continue;
      for (let index = 0; index < entry.steps; index++) {
        const observation = entry.firstObservation + index;
        // A transition whose embeddings are still to be computed is not drawn.
        const next = entry.firstObservation + Math.min(index + nStep, entry.steps);
        if ((seen.embedded[observation] ?? 0) < V || (seen.embedded[next] ?? 0) < V) continue;
        const row = entry.firstTransition + index;
        const member = done.member[row] ?? 0;
        if (member & IN_RL) found.rl.push(row);
        if (member & IN_DEMO) {
          found.demo.push(row);
          if (!done.idle[row]) found.imitation.push(row);
        }
        if (member & (IN_RL | IN_DEMO)) found.all.push(row);
      }
    }
    return {
      rl: Int32Array.from(found.rl),
      demo: Int32Array.from(found.demo),
      imitation: Int32Array.from(found.imitation),
      all: Int32Array.from(found.all),
    };
  };
  const list = (source: PoolSource): Int32Array => {
    lists ??= makeLists();
    return lists[source];
  };

  const copyObservation = (
    row: number,
    view: number,
    at: number,
    embedding: Float32Array,
    proprioception: Float32Array,
  ) => {
    const held = (row * V + view) * E;
    embedding.set(seen.embedding.subarray(held, held + E), at * E);
    let from = row;
    for (let back = S - 1; back >= 0; back--) {
      proprioception.set(seen.proprioception.subarray(from * P, (from + 1) * P), (at * S + back) * P);
      from = seen.previous[from] ?? from;
    }
  };

  const readChunk = (row: number, batch: TransitionBatch, at: number) => {
    const K = batch.chunkPad.length / batch.size;
    let from = row;
    for (let k = 0; k < K; k++) {
      const ended = from - row < k;
      batch.actionChunk.set(done.action.subarray(from * A, (from + 1) * A), (at * K + k) * A);
      batch.chunkPad[at * K + k] = ended || done.idle[from] ? 1 : 0;
      const goesOn = !ended && !((done.member[from] ?? 0) & IS_LAST) && done.human[from + 1] === done.human[row];
      if (goesOn) from++;
    }
  };

  /** Puts transition `row` into place `at` of a batch; without chance, as recorded. */
  const readTransition = (row: number, batch: TransitionBatch, at: number, rng?: Rng) => {
    const observation = done.observation[row] ?? 0;
    const view = () => (rng && V > 1 ? rng.integer(V) : 0);
    copyObservation(observation, view(), at, batch.embedding, batch.proprioception);
    let [reward, weight, last] = [done.reward[row] ?? 0, 1, row];
    while (last - row + 1 < nStep && !((done.member[last] ?? 0) & IS_LAST)) {
      last++;
      weight *= discount;
      reward += weight * (done.reward[last] ?? 0);
    }
    copyObservation(observation + 1 + last - row, view(), at, batch.nextEmbedding, batch.nextProprioception);
    batch.rows[at] = row;
    batch.action.set(done.action.subarray(row * A, (row + 1) * A), at * A);
    batch.reward[at] = reward;
    batch.mask[at] = weight * (done.mask[last] ?? 0);
    if (batch.chunkPad.length > 0) readChunk(row, batch, at);
    batch.monteCarloReturn[at] = done.monteCarlo[row] ?? 0;
    batch.monteCarloReturnCut[at] = done.monteCarloCut[row] ?? 0;
    batch.imitation[at] = done.idle[row] ? 0 : 1;
    batch.human[at] = done.human[row] ?? 0;
  };

  return {
    options,
    addEpisode,
    applyEvent,
    setEmbedding,
    readTransition,
    hasEpisode: (episodeId: number): boolean => episodes.has(episodeId),
    /** How many transitions can be drawn from `source`. */
    size: (source: PoolSource): number => list(source).length,
    /** The rows that can be drawn, in order. */
    rows: (source: PoolSource): Int32Array => list(source),
    /** The actions of those rows, [n, A]. */
    actionsOf: (source: PoolSource): Float32Array => {
      const rows = list(source);
      const actions = new Float32Array(rows.length * A);
      rows.forEach((row, at) => {
        actions.set(done.action.subarray(row * A, (row + 1) * A), at * A);
      });
      return actions;
    },
    /**
     * The newest `count` of the episodes whose driver is accepted, oldest first, each with the rows that it drove and that can be
     * drawn, in order.
     */
    newestDriven(count: number, accepts: (driver: Driver) => boolean) {
      const drawable = new Set(list('rl'));
      const found: { readonly driver: Driver; readonly rows: readonly number[] }[] = [];
      for (const { driver, firstTransition, steps } of [...episodes.values()].reverse()) {
        if (found.length === count) break;
        if (!driver || !accepts(driver)) continue;
        const rows = Array.from({ length: steps }, (_, index) => firstTransition + index).filter(
          (row) => done.policy[row] && drawable.has(row),
        );
        if (rows.length > 0) found.push({ driver, rows });
      }
      return found.reverse();
    },
    /** Whether a transition is the last of its episode. */
    isLast: (row: number): boolean => ((done.member[row] ?? 0) & IS_LAST) > 0,
    /** Of a transition. */
    episodeIdOf: (row: number): number => seen.episode[done.observation[row] ?? 0] ?? 0,
    /** Returns the first flaw of an episode that is not discarded. */
    flaw: (): Flaw | undefined => [...flaws.values()].find(({ episodeId }) => !episodes.get(episodeId)?.discarded),
    transitionCount: (): number => transitionCount,
    observationCount: (): number => observationCount,

    /** `chunk`: K of the action chunks; 0 = none. */
    createBatch: (size: number, chunk = 0): TransitionBatch => ({
      size,
      rows: new Int32Array(size),
      embedding: new Float32Array(size * E),
      proprioception: new Float32Array(size * S * P),
      action: new Float32Array(size * A),
      reward: new Float32Array(size),
      mask: new Float32Array(size),
      nextEmbedding: new Float32Array(size * E),
      nextProprioception: new Float32Array(size * S * P),
      monteCarloReturn: new Float32Array(size),
      monteCarloReturnCut: new Float32Array(size),
      imitation: new Float32Array(size),
      human: new Float32Array(size),
      actionChunk: new Float32Array(size * chunk * A),
      chunkPad: new Float32Array(size * chunk),
    }),

    /** Draws `count` transitions uniformly, with replacement, into places `offset` … of the batch. */
    sampleBatch(rng: Rng, count: number, source: PoolSource, batch: TransitionBatch, offset = 0): void {
      const candidates = list(source);
      if (candidates.length === 0) throw new RangeError(`Nothing to draw from '${source}': it has no transitions.`);
      for (let index = 0; index < count; index++)
        readTransition(candidates[rng.integer(candidates.length)] ?? 0, batch, offset + index, rng);
    },

    /** How many of a batch's transitions a person drove: those that correct a policy, and those of demonstrations. */
    drivenByPeople(batch: TransitionBatch): { readonly corrections: number; readonly demonstrations: number } {
      let [corrections, demonstrations] = [0, 0];
      for (let at = 0; at < batch.size; at++) {
        if (!batch.human[at]) continue;
        if ((done.member[batch.rows[at] ?? 0] ?? 0) & IN_RL) corrections++;
        else demonstrations++;
      }
      return { corrections, demonstrations };
    },

    /** The recorded view stands for those that cannot be made, because there are no pictures. */
    repeatRecordedView(row: number): void {
      const recorded = seen.embedding.slice(row * V * E, (row * V + 1) * E);
      for (let view = seen.embedded[row] ?? 0; view < V; view++) setEmbedding(row, recorded, view);
    },

    /** Observations of which a view is still to be computed, those of discarded episodes left out. */
    missingEmbeddings(): MissingEmbedding[] {
      const missing: MissingEmbedding[] = [];
      for (const entry of episodes.values()) {
        if (entry.discarded) continue;
        for (let index = 0; index <= entry.steps; index++) {
          const row = entry.firstObservation + index;
          const views = seen.embedded[row] ?? 0;
          if (views < V) missing.push({ row, episodeId: entry.id, index, views });
        }
      }
      return missing;
    },
  };
}
