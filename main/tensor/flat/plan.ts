/**
 * Divides a step between a graph runtime and kernels of our own: a plan says which nodes are computed in which stage, and the
 * live range of every buffer between them. Elementwise work on long vectors, such as an optimiser's update or a running average,
 * is left to `kernel.ts`. The rest becomes segments, graphs that run in turn with the kernels: gradients, kernels, gradients at
 * the new parameters, and so on. A segment reads weights as views of the vector in which they lie, and writes gradients where
 * the kernel reads them. `schedule.ts` turns a plan into plain data, and `executable.ts` loads and runs that.
 */
import { isOp, type Node } from '../ir.ts';
import { simplify } from '../rewrite/simplify.ts';
import type { Step } from '../step.ts';
import { type BufferSlice, type PlannedBuffers, type PlannedKernel, planBuffers } from './plan-buffers.ts';
import { assignStages, largest, type StagedStep } from './stages.ts';

export interface Stage {
  /** Slices that the segment fills for kernels. */
  readonly slices: readonly BufferSlice[];
  /** Nodes that the segment computes for later segments and as outputs of the step. */
  readonly values: readonly Node[];
  readonly kernels: readonly PlannedKernel[];
}

export interface Plan extends Pick<PlannedBuffers, 'bufferOf'>, Pick<StagedStep, 'view'> {
  /** The simplified step. */
  readonly step: Step;
  readonly stages: readonly Stage[];
}

/** Plans `step`. Returns undefined when nothing in it is worth a kernel, or when kernels would be all of it. */
export function planStep(given: Step): Plan | undefined {
  const step = simplify(given);
  const staged = assignStages(step);
  const { nodes, outputs, users, kernelNodes, view, stageOf } = staged;
  if (kernelNodes.size === 0) return undefined;
  const { kernels, slices, bufferOf } = planBuffers(staged);
  const isReadLater = (node: Node) =>
    !isOp(node, 'constant') && users.get(node)!.some((user) => !view(user) && stageOf.get(user)! > stageOf.get(node)!);
  const values = nodes.filter((node) => !view(node) && (outputs.has(node) || isReadLater(node)));
  if (slices.length + values.length === 0) return undefined;
  const stages = Array.from({ length: 1 + largest(stageOf.values()) }, (_, index) => ({
    slices: slices.filter(({ node }) => stageOf.get(node) === index),
    values: values.filter((node) => stageOf.get(node) === index),
    kernels: kernels.filter((kernel) => kernel.stage === index),
  }));
  return { step, stages, bufferOf, view };
}
