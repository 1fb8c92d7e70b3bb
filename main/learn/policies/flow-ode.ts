/**
 * From noise (t = 0) to data (t = 1) along a velocity field, unrolled into the graph.
 *   euler     x ← x + h v(x, t)                                    N evaluations, error of order h
 *   midpoint  x ← x + h v(x + h/2 v(x, t), t + h/2)                2 N evaluations, error of order h²
 */
import { z } from 'zod';
import type { Node } from '../../tensor/ir.ts';
import { add, mul } from '../../tensor/tensor.ts';

export const odeMethodSchema = z.enum(['euler', 'midpoint']);
export type OdeMethod = z.infer<typeof odeMethodSchema>;

/** v(x, t) */
export type Velocity = (x: Node, time: number) => Node;

export function integrate(velocity: Velocity, noise: Node, method: OdeMethod, steps: number): Node {
  const h = 1 / steps;
  let x = noise;
  for (let index = 0; index < steps; index++) {
    const slope = velocity(x, index * h);
    x = add(x, mul(slopeOver(velocity, x, slope, index * h, h, method), h));
  }
  return x;
}

/** The slope that carries a whole step. */
function slopeOver(velocity: Velocity, x: Node, slope: Node, time: number, h: number, method: OdeMethod): Node {
  switch (method) {
    case 'euler':
      return slope;
    case 'midpoint':
      return velocity(add(x, mul(slope, h / 2)), time + h / 2);
    default:
      throw new Error(`no method ${method satisfies never}`);
  }
}
