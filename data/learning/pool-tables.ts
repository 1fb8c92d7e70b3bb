/** The columns of a transition pool: one row for each observation, and one for each transition between two of them. */
import { ACTION_SIZE } from '../../main/api/action.ts';
import { bytes, createTable, floats, ints } from './growing-arrays.ts';
import type { PoolOptions } from './pool-types.ts';

/** Flags of a transition, in its column `member`. */
export const IN_RL = 1;
export const IN_DEMO = 2;
/** Last transition of its episode. */
export const IS_LAST = 4;

export type PoolTables = ReturnType<typeof createPoolTables>;

export function createPoolTables(options: PoolOptions) {
  const { embeddingSize, proprioceptionSize } = options;
  const views = embeddingSize > 0 ? (options.views ?? 1) : 1;
  const observationTable = createTable({
    embedding: floats(views * embeddingSize),
    proprioception: floats(proprioceptionSize),
    /** The row before in the same episode; an episode's first row refers to itself. */
    previous: ints(),
    /** Number of views that are there. */
    embedded: bytes(),
    episode: ints(),
  });
  const transitionTable = createTable({
    observation: ints(),
    action: floats(ACTION_SIZE),
    reward: floats(),
    mask: floats(),
    monteCarlo: floats(),
    monteCarloCut: floats(),
    human: bytes(),
    policy: bytes(),
    idle: bytes(),
    member: bytes(),
  });
  const { columns: observations } = observationTable;
  let [observationCount, transitionCount] = [0, 0];
  return {
    views,
    embeddingSize,
    proprioceptionSize,
    observations,
    transitions: transitionTable.columns,
    observationCount: (): number => observationCount,
    transitionCount: (): number => transitionCount,

    /** Adds rows, whose contents are then to be written. Returns the first new row of each table. */
    append(newObservations: number, newTransitions: number) {
      const first = { firstObservation: observationCount, firstTransition: transitionCount };
      observationCount += newObservations;
      transitionCount += newTransitions;
      observationTable.reserve(observationCount);
      transitionTable.reserve(transitionCount);
      return first;
    },

    /** Views come in order; 0 is the recorded one. */
    writeEmbedding(row: number, embedding: Float32Array, view: number): void {
      if (embedding.length !== embeddingSize)
        throw new RangeError(
          `An embedding of ${embedding.length} numbers; this pool holds embeddings of ${embeddingSize}.`,
        );
      const there = observations.embedded[row] ?? 0;
      if (view > there || view >= views)
        throw new RangeError(`View ${view} of observation ${row} out of turn: ${there} of ${views} are there.`);
      observations.embedding.set(embedding, (row * views + view) * embeddingSize);
      observations.embedded[row] = Math.max(there, view + 1);
    },
  };
}
