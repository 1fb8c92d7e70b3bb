/**
 * Smoothness of chunks: the squared first, second and third differences of the predicted actions.
 *   L = λ_v mean (Δa)² + λ_a mean (Δ²a)² + λ_j mean (Δ³a)²      Letters: B batch, K steps, D dimensions, H executed actions
 * Means make longer chunks weigh the same. Defaults (ours) for absolute targets on [−1, 1]: λ_v 0, λ_a 1e-2, λ_j 1e-3.
 * Traps: on delta actions every order shifts by one, so that λ_v weighs acceleration. A smooth chunk may still jump
 * from the one before: pass the last executed actions. A gripper that opens or closes is not smooth: mask it. For a
 * diffusion or flow head apply the loss to â, weighted by ᾱ or t, never to ε or v.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, concat, maximum, mul, slice, square, stopGradient, sub, zeros } from '../../tensor/tensor.ts';
import { type ChunkWeights, chunkMean, selectValid } from './chunk.ts';
import { asFlags, asWeights } from './masked.ts';

interface SmoothnessWeights {
  readonly velocity: number;
  readonly acceleration: number;
  readonly jerk: number;
}

export const SMOOTHNESS_WEIGHTS: SmoothnessWeights = { velocity: 0, acceleration: 1e-2, jerk: 1e-3 }; // Ours

interface SmoothnessContext extends Pick<ChunkWeights, 'pad' | 'sampleWeight' | 'dimensionWeights'> {
  /** [B, H, D], the last executed actions, oldest first. They join the chunk to the one before. */
  readonly executed?: Node | undefined;
}

/** `actions` [B, K, D] → scalar. An order that the chunk is too short for adds 0. */
export function smoothness(
  actions: Node,
  { velocity, acceleration, jerk }: SmoothnessWeights = SMOOTHNESS_WEIGHTS,
  context: SmoothnessContext = {},
): Node {
  const terms = [velocity, acceleration, jerk].flatMap((weight, index) =>
    weight === 0 ? [] : [mul(differencePenalty(actions, index + 1, context), weight)],
  );
  return terms.reduce((total, each) => add(total, each), zeros([]));
}

/**
 * Mean of the squared differences of the given order: `actions` [B, K, D] → scalar. A difference counts when no action in it
 * is padding. Padding is not only a tail: idle steps inside a chunk are padding too.
 */
export function differencePenalty(actions: Node, order: number, context: SmoothnessContext = {}): Node {
  const { executed, pad, ...weights } = context;
  const steps = actions.shape[1]!;
  // Every difference must touch a predicted action, because the network cannot change older ones.
  const history = Math.min(order, executed?.shape[1] ?? 0);
  if (steps + history <= order) return zeros([]);
  const past = executed && slice(executed, 1, executed.shape[1]! - history, executed.shape[1]!);
  let differences = past ? concat([stopGradient(past), actions], 1) : actions;
  for (let each = 0; each < order; each++) {
    const length = differences.shape[1]!;
    differences = sub(slice(differences, 1, 1, length), slice(differences, 1, 0, length - 1));
  }
  const counted = { ...weights, pad: pad && anyInWindow(pad, history, order + 1) };
  return chunkMean(square(selectValid(differences, counted)), counted);
}

/** `pad` [B, K] behind `history` steps without padding → [B, history + K + 1 − size]: true where a window has padding. */
function anyInWindow(pad: Node, history: number, size: number): Node {
  const flags = asWeights(asFlags(pad));
  const joined = history > 0 ? concat([zeros([pad.shape[0]!, history]), flags], 1) : flags;
  const count = joined.shape[1]! + 1 - size;
  const shifted = Array.from({ length: size }, (_, from) => slice(joined, 1, from, from + count));
  return shifted.reduce((any, each) => maximum(any, each));
}
