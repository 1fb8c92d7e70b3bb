/**
 * Double DQN (van Hasselt et al. 2016) on a few discrete choices: the online net chooses, the slow one values the choice.
 *   y = r + γ · bootstrap · Q̄(s′, argmaxₖ Q(s′, k))          L = mean over B of (Q(s, k) − y)²
 * A choice is one-hot. Letters: B batch, K choices.
 */
import type { Node } from '../../../tensor/ir.ts';
import {
  add,
  cast,
  concat,
  greater,
  greaterEqual,
  max,
  mean,
  mul,
  slice,
  square,
  stopGradient,
  sub,
  sum,
} from '../../../tensor/tensor.ts';
import { asFlags, guard } from '../masked.ts';

/** `values` [B, K] → one-hot choice [B, K]; the first of equal values. */
export function greedyChoice(values: Node): Node {
  const last = values.shape[1]! - 1;
  const columns = Array.from({ length: last + 1 }, (_, k) => {
    const own = slice(values, 1, k, k + 1);
    const notBelowLater = k < last ? greaterEqual(own, max(slice(values, 1, k + 1, last + 1), 1, true)) : undefined;
    const aboveEarlier = k > 0 ? greater(own, max(slice(values, 1, 0, k), 1, true)) : undefined;
    const conditions = [notBelowLater, aboveEarlier].flatMap((each) => (each ? [cast(each, 'float32')] : []));
    return conditions.reduce((product, each) => mul(product, each));
  });
  return stopGradient(concat(columns, 1));
}

/** `values` [B, K], `choice` [B, K] one-hot → [B]. Neither value nor gradient depends on the other choices' values. */
export function valueOfChoice(values: Node, choice: Node): Node {
  return sum(mul(guard(asFlags(choice), values), choice), 1);
}

/** `reward`, `bootstrap` [B]; `online`, `slow`: the nets' values [B, K] of the next observation → [B], a constant to the gradient. */
export function doubleQTarget(reward: Node, bootstrap: Node, online: Node, slow: Node, discount: number): Node {
  return choiceTarget(reward, bootstrap, valueOfChoice(slow, greedyChoice(online)), discount);
}

/** `next` [B]: the slow net's value of the choice at the next observation → [B], a constant to the gradient. */
export function choiceTarget(reward: Node, bootstrap: Node, next: Node, discount: number): Node {
  const valid = guard(asFlags(bootstrap), next);
  return stopGradient(add(reward, mul(mul(bootstrap, discount), valid)));
}

/** `values` [B] of the choices made, `target` [B] → scalar. */
export function choiceLoss(values: Node, target: Node): Node {
  return mean(square(sub(values, target)));
}
