/**
 * The use of touch by an imitated policy, which can learn the sense without forgetting what it could do (recipe R5):
 *   seen     touch is part of the proprioception;
 *   hidden   zeros replace it, for a policy that was made without tactile pads;
 *   gated    it is hidden from the base and let in through `nets/tactile-gate.ts`, which begins closed.
 * The old policy stays as the teacher: weight · mean (â(s̃) − â_old(s̃))² on the batch's states with noise on their
 * proprioception.
 * Letters: B batch, E embedding, P proprioception (stacked instants), D = E + P, T numbers of touch.
 */
import { z } from 'zod';
import { PROPRIOCEPTION_FIELDS, PROPRIOCEPTION_SIZE } from '../../../api/observation.ts';
import type { Node } from '../../../tensor/ir.ts';
import { add, concat, constant, input, mul, pad, slice } from '../../../tensor/tensor.ts';
import { distillRegression } from '../../losses/alignment/distillation.ts';
import type { LossInputs } from '../../losses/loss-inputs.ts';
import { type TactileGate, tactileGate } from '../../nets/tactile-gate.ts';
import { settingsObject } from '../../policies/settings-object.ts';
import type { ObservationSizes } from '../algorithm.ts';

export const touchSchema = z.enum(['seen', 'hidden', 'gated']);
type Touch = z.infer<typeof touchSchema>;

export const teacherSchema = settingsObject({
  weight: z.number().positive(),
  /** Standard deviation of the noise on proprioception, in its own units. */
  stateNoise: z.number().min(0),
}).readonly();

const GATE_HIDDEN = 32;

/** Indices of the pads' numbers in the proprioception of one instant. */
function touchIndices(): readonly number[] {
  let offset = 0;
  return PROPRIOCEPTION_FIELDS.flatMap(({ name, size }) => {
    const indices = Array.from({ length: size }, (_, index) => offset + index);
    offset += size;
    return name.startsWith('tactile') ? indices : [];
  });
}

/** Columns of touch in an observation [B, D], all instants. */
function touchColumns({ embedding, proprioception }: ObservationSizes): readonly number[] {
  const instants = Math.floor(proprioception / PROPRIOCEPTION_SIZE);
  return Array.from({ length: instants }, (_, instant) =>
    touchIndices().map((index) => embedding + instant * PROPRIOCEPTION_SIZE + index),
  ).flat();
}

/** The gate of a policy whose nets take `features` numbers; `undefined` when touch is not gated. */
export function touchGate(touch: Touch, sizes: ObservationSizes, features: number): TactileGate | undefined {
  if (touch !== 'gated') return undefined;
  const size = touchColumns(sizes).length;
  if (size === 0)
    throw new RangeError(
      `no touch in a proprioception of ${sizes.proprioception} numbers; one instant has ${PROPRIOCEPTION_SIZE}`,
    );
  return tactileGate(size, features, GATE_HIDDEN);
}

/** [B, D] → [B, D] with zeros for touch, unless the base may see it. */
export function baseObservation(touch: Touch, sizes: ObservationSizes, observation: Node): Node {
  if (touch === 'seen') return observation;
  const hidden = new Set(touchColumns(sizes));
  const width = sizes.embedding + sizes.proprioception;
  const shown = Array.from({ length: width }, (_, column) => (hidden.has(column) ? 0 : 1));
  return mul(observation, constant(shown, [1, width]));
}

/** [B, D] → the pads' numbers, [B, T]. */
export function touchOf(sizes: ObservationSizes, observation: Node): Node {
  const columns = touchColumns(sizes).map((column) => slice(observation, 1, column, column + 1));
  return concat(columns, 1);
}

/** `observation` [B, D] → [B, D] with the input `stateNoise` [B, P], standard normals, times `deviation` on its proprioception. */
export function noisedObservation(sizes: ObservationSizes, observation: Node, deviation: number): Node {
  const noise = mul(input('stateNoise', [observation.shape[0]!, sizes.proprioception]), deviation);
  return add(observation, pad(noise, 1, sizes.embedding, 0));
}

/** The outputs of both heads at the same states → scalar. Only heads that predict one action can have a teacher. */
export function teacherLoss(teacher: LossInputs, student: LossInputs): Node {
  const [predicted, wanted] = [student.prediction ?? student.mean, teacher.prediction ?? teacher.mean];
  if (!predicted || !wanted) throw new TypeError('a teacher needs a head that predicts one action: mse or gaussian');
  return distillRegression(wanted, predicted);
}
