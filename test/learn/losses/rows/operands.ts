/** Operands that rows of several families share, and the entries that a loss must ignore. */
import { flags, real } from '../../../../main/tensor/ops/op.ts';
import type { Ignored } from '../harness.ts';

/** Letters: B = 3 samples, K = 4 steps, D = 2 dimensions. */
export const CHUNK = [3, 4, 2] as const;
export const actions = real(CHUNK, -1, 1);
export const perSample = real([3], 0.1, 1);
export const weighted = { pad: flags([3, 4]), sampleWeight: perSample };
export const dimensionWeights = [1, 0.25];
export const timeWeights = [4, 3, 2, 1];
export const regression = { predicted: actions, target: actions, ...weighted };

export const padded: Ignored = ([b, k], of) => of('pad', b!, k!) !== 0;
export const unweighted: Ignored = ([b], of) => of('sampleWeight', b!) <= 0;
export const paddedOrUnweighted: Ignored = (at, of) => padded(at, of) || unweighted(at, of);
export const whollyPadded: Ignored = ([b], of) => [0, 1, 2, 3].every((k) => of('pad', b!, k) !== 0);
/** Steps of [B, M, K, D]. */
export const paddedComponent: Ignored = ([b, _, k], of) => of('pad', b!, k!) !== 0;
/** The same rule for several inputs. */
export const each = (rule: Ignored, ...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, rule]));
