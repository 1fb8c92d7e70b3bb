/** A random stream that can be set back to a stored state, although several objects hold it. */
import { createRng, type Rng, type RngState } from '../../api/rng.ts';

export interface RestorableRng extends Rng {
  restore(state: RngState): void;
}

export function createRestorableRng(seed: number): RestorableRng {
  let current = createRng(seed);
  return {
    uniform: () => current.uniform(),
    range: (low, high) => current.range(low, high),
    integer: (count) => current.integer(count),
    normal: () => current.normal(),
    split: (label) => current.split(label),
    save: () => current.save(),
    restore: (state) => {
      current = createRng(state);
    },
  };
}
