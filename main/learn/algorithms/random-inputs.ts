/**
 * The random inputs of a training step. They are drawn in a fixed order from one stream, so a stored state of the stream
 * replays to the byte.
 */
import type { Rng } from '../../api/rng.ts';

type Data = Float32Array | BigInt64Array;

export interface RandomBuffer {
  /** Name of the step's input. */
  readonly name: string;
  readonly data: Data;
  readonly fill: (rng: Rng) => void;
}

/** A buffer whose numbers are drawn one by one. */
export function randomBuffer(name: string, length: number, draw: (rng: Rng) => number): RandomBuffer {
  const data = new Float32Array(length);
  return {
    name,
    data,
    fill: (rng) => {
      for (let index = 0; index < length; index++) data[index] = draw(rng);
    },
  };
}

export const normalBuffer = (name: string, length: number): RandomBuffer =>
  randomBuffer(name, length, (rng) => rng.normal());

/** Returns a function that fills all buffers in the order of the list. Every call overwrites the values of the last one. */
export function createRandomInputs(buffers: readonly RandomBuffer[], rng: Rng): () => Record<string, Data> {
  return () => {
    for (const { fill } of buffers) fill(rng);
    return Object.fromEntries(buffers.map(({ name, data }) => [name, data]));
  };
}
