/**
 * Chance as an argument. Only this file may make random numbers; everything else receives an `Rng`. The generator is
 * sfc32 (Chris Doty-Humphrey, PractRand), seeded through splitmix32. A seed gives the same stream on every machine.
 */

export interface Rng {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform in [low, high). */
  range(low: number, high: number): number;
  /** Integer, uniform in 0 … count−1. */
  integer(count: number): number;
  /** Standard normal. */
  normal(): number;
  /** Returns an independent stream named by `label`. Adding a consumer does not shift the others. */
  split(label: string | number): Rng;
  /** Returns the whole state. A stream that is stored continues to the bit. */
  save(): RngState;
}

export interface RngState {
  readonly words: readonly [number, number, number, number];
  /** The second half of a Box–Muller pair, when one is waiting. */
  readonly spareNormal: number | undefined;
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  };
}

/** FNV-1a over the label's characters, mixed with the parent's words. */
function hashLabel(label: string, words: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  for (let index = 0; index < label.length; index++) hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

export function createRng(seed: number | RngState): Rng {
  let a: number;
  let b: number;
  let c: number;
  let counter: number;
  let spareNormal: number | undefined;
  if (typeof seed === 'number') {
    const next = splitmix32(seed ^ Math.floor(seed / 0x1_0000_0000));
    [a, b, c, counter] = [next() | 0, next() | 0, next() | 0, 1];
  } else {
    [a, b, c, counter] = seed.words;
    spareNormal = seed.spareNormal;
  }
  const word = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  if (typeof seed === 'number') for (let round = 0; round < 12; round++) word();
  const uniform = () => word() / 4294967296;
  const normal = () => {
    if (spareNormal !== undefined) {
      const value = spareNormal;
      spareNormal = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return {
    uniform,
    range: (low, high) => low + (high - low) * uniform(),
    integer: (count) => Math.floor(uniform() * count),
    normal,
    split: (label) => createRng(hashLabel(String(label), [a, b, c, counter])),
    save: () => ({ words: [a, b, c, counter], spareNormal }),
  };
}
