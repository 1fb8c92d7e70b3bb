/** A plan as something that runs: its segments loaded into a graph runtime, its kernels and their memory. */
import type { Compiled } from '../backend.ts';
import { isOp, type Node, sizeOf } from '../ir.ts';
import { toOnnx } from '../onnx.ts';
import type { Step } from '../step.ts';
import { evaluatePlan, type LoadedTurn, type Session } from './evaluate-plan.ts';
import { instantiateKernel, type Kernel, kernelModule } from './kernel.ts';
import { type Arena, assignSlots, createArena } from './memory.ts';
import type { Plan } from './plan.ts';
import { segmentStep } from './segment.ts';

export type OpenSession = (model: Uint8Array) => Promise<Session>;

/** `step` as it was given, whose plan is `plan`. Undefined where its vectors need more memory than kernels can have. */
export async function compilePlan(
  plan: Plan,
  step: Step,
  name: string,
  open: OpenSession,
): Promise<Compiled | undefined> {
  const slots = assignSlots(plan);
  const read = inputsOfKernels(plan);
  const lengths = (nodes: readonly Node[]) => nodes.map((node) => sizeOf(node.shape));
  const own = [...slots.elements, ...lengths(read)];
  const arena = createArena([...own, ...lengths(vectorsOf(step.inputs)), ...lengths(vectorsOf(step.outputs))]);
  if (!arena) return undefined;
  const slotArrays = slots.elements.map((elements) => arena.allocate(elements)!);
  const staged = new Map(read.map((node) => [node, arena.allocate(sizeOf(node.shape))!]));
  const sessions = new Map<string, Session>();
  const dispose = async () => {
    await Promise.all([...sessions.values()].map((session) => session.dispose()));
  };
  // Equal graphs are one session, whatever they compute on.
  const openOnce = async (model: Uint8Array) => {
    const key = Buffer.from(model).toString('latin1');
    const session = sessions.get(key) ?? (await open(model));
    sessions.set(key, session);
    return session;
  };
  let turns: readonly LoadedTurn[];
  try {
    turns = await loadTurns(plan, name, arena, openOnce);
  } catch (error) {
    await dispose();
    throw error;
  }

  let last: Promise<unknown> = Promise.resolve();
  let isDisposed = false;
  return {
    // All runs use the same memory: one after the other.
    run: async (given, into = {}) => {
      if (isDisposed) throw new Error(`${name} has been disposed of: nothing runs afterwards`);
      const loaded = { plan, step, arena, slots, slotArrays, staged, turns };
      const result = last.then(() => evaluatePlan(loaded, given, into));
      last = result.catch(() => undefined);
      return await result;
    },
    allocate: (elements) => arena.allocate(elements) ?? new Float32Array(elements),
    dispose: async () => {
      isDisposed = true;
      await last;
      await dispose();
    },
  };
}

/** The inputs that kernels read. */
function inputsOfKernels({ turns }: Plan): readonly Node[] {
  const places = turns.flatMap((turn) => turn.kernels.flatMap((kernel) => [...kernel.vectors, ...kernel.scalars]));
  const roots = places.flatMap((place) => (place.kind === 'view' ? [place.view.root] : []));
  return [...new Set(roots)].filter((root) => isOp(root, 'input'));
}

/** What may go in and out again and again: vectors of numbers. */
const vectorsOf = (nodes: Readonly<Record<string, Node>>) =>
  Object.values(nodes).filter((node) => node.dtype === 'float32' && node.shape.length === 1);

async function loadTurns(plan: Plan, name: string, arena: Arena, open: OpenSession): Promise<readonly LoadedTurn[]> {
  const known = new Set<Node>();
  const kernels = new Map<string, Kernel>();
  const turns: LoadedTurn[] = [];
  for (const turn of plan.turns) {
    const segment = segmentStep(turn, plan, known);
    for (const value of turn.values) known.add(value);
    turns.push({
      segment: segment && { ...segment, session: await open(toOnnx(segment.step, { name })) },
      kernels: turn.kernels.map((planned) => {
        const module = kernelModule(planned.spec);
        const key = module.join();
        const kernel = kernels.get(key) ?? instantiateKernel(module, arena.memory);
        kernels.set(key, kernel);
        return { ...planned, kernel };
      }),
    });
  }
  return turns;
}
