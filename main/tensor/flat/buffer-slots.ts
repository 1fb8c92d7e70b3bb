/** Assigns buffers to slots of memory by their live ranges: buffers that are not alive at the same time share a slot. */
import type { Plan } from './plan.ts';
import type { KernelOperand, PlannedBuffer, PlannedKernel } from './plan-buffers.ts';

type Buffers = Pick<Plan, 'stages' | 'bufferOf'>;

/**
 * First fit in the order of time. A kernel may write its result over an operand that it alone reads for the last time.
 * `elements` is the length of each slot, in numbers.
 */
export function assignSlots(plan: Buffers) {
  const { stages, bufferOf } = plan;
  const kernels = stages.flatMap((stage) => stage.kernels);
  const buffers = new Set([
    ...stages.flatMap((stage) => stage.slices.map((slice) => slice.buffer)),
    ...bufferOf.values(),
  ]);
  const slotOf = new Map<PlannedBuffer, number>();
  const elements: number[] = [];
  const last: PlannedBuffer[] = [];
  for (const buffer of [...buffers].sort((a, b) => a.liveFrom - b.liveFrom)) {
    const writer = kernels.find((kernel) => kernel.results.includes(buffer));
    const fits = (slot: number) => {
      const before = last[slot]!;
      if (elements[slot] !== buffer.elements || before.liveUntil > buffer.liveFrom) return false;
      return before.liveUntil < buffer.liveFrom || (writer !== undefined && isReadOnlyBy(before, writer, plan));
    };
    const free = last.findIndex((_, slot) => fits(slot));
    const slot = free >= 0 ? free : elements.push(buffer.elements) - 1;
    last[slot] = buffer;
    slotOf.set(buffer, slot);
  }
  return { slotOf, elements };
}

/** True when `kernel` reads the whole buffer element by element, and no other operand of its stage lies in the buffer. */
function isReadOnlyBy(buffer: PlannedBuffer, kernel: PlannedKernel, { stages, bufferOf }: Buffers): boolean {
  const liesInBuffer = (operand: KernelOperand) =>
    ('root' in operand ? bufferOf.get(operand.root) : operand) === buffer;
  const operands = stages[kernel.stage]!.kernels.flatMap((each) => [...each.vectors, ...each.scalars]);
  return kernel.vectors.includes(buffer) && operands.filter(liesInBuffer).length === 1;
}
