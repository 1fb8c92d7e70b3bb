/** A plan as something that runs: its lanes loaded, each on a thread, and the memory that they share. */
import type { Compiled } from '../backend.ts';
import { isOp, type Node, sizeOf } from '../ir.ts';
import type { Step } from '../step.ts';
import { evaluatePlan } from './evaluate-plan.ts';
import { flushesTinyNumbers, startLaneThread } from './lane-thread.ts';
import { createMeeting, GONE, MEETING_WORDS } from './meeting.ts';
import { type Arena, assignSlots, createArena, type Piece } from './memory.ts';
import type { Plan } from './plan.ts';
import { type LaneProgram, numberArrays, type Program, type ProgramOptions, programOf, type Span } from './program.ts';
import { type LoadedLane, loadLane, type OpenSession } from './run-lane.ts';

/** `step` as it was given, whose plan is `plan`. Undefined where its vectors need more memory than kernels can have. */
export async function compilePlan(
  plan: Plan,
  step: Step,
  open: OpenSession,
  options: ProgramOptions,
): Promise<Compiled | undefined> {
  const slots = assignSlots(plan);
  const numbering = numberArrays(plan, step, slots);
  const program = programOf(plan, slots, numbering, options);
  // What kernels and other threads meet lies in the arena; segments of this thread take the rest from anywhere.
  const isShared = program.lanes.length > 1;
  const placed = program.arrays.map((_, array) => array < slots.elements.length);
  for (const node of inputsOfKernels(plan)) placed[numbering.get(node)!] = true;
  for (const lane of program.lanes.slice(1)) for (const array of arraysOfSegments(lane)) placed[array] = true;
  const vectors = [step.inputs, step.outputs]
    .flatMap(vectorsOf)
    .map(({ shape, dtype }): Piece => ({ elements: sizeOf(shape), dtype }));
  const arena = createArena([...program.arrays.filter((_, array) => placed[array]), ...vectors], isShared);
  const alone = { ...options, lanes: 1 };
  if (!arena) return isShared ? await compilePlan(plan, step, open, alone) : undefined;
  const own = program.arrays.map(({ elements, dtype }, array) =>
    placed[array] ? arena.allocate(elements, dtype) : undefined,
  );

  const lanes = await loadLanes(program, arena, open);
  if (!lanes) return await compilePlan(plan, step, open, alone);
  let last: Promise<unknown> = Promise.resolve();
  let isDisposed = false;
  return {
    // All runs use the same memory: one after the other.
    run: async (given, into = {}) => {
      if (isDisposed) throw new Error(`${options.name} has been disposed of: nothing runs afterwards`);
      const loaded = { plan, step, arena, slots, numbering, own, run: lanes.run };
      const result = last.then(() => evaluatePlan(loaded, given, into));
      last = result.catch(() => undefined);
      return await result;
    },
    allocate: (elements) => arena.allocate(elements) ?? new Float32Array(elements),
    dispose: async () => {
      isDisposed = true;
      await last;
      await lanes.dispose();
    },
  };
}

/** The first lane is the calling thread's. Undefined where other threads would calculate otherwise. */
async function loadLanes({ lanes, arrays }: Program, arena: Arena, open: OpenSession): Promise<LoadedLane | undefined> {
  const { memory } = arena;
  const words = new Int32Array(new SharedArrayBuffer(MEETING_WORDS * Int32Array.BYTES_PER_ELEMENT));
  const meeting = createMeeting(words, lanes.length);
  const [own, ...others] = lanes;
  const first = await loadLane(own!, memory, open, others.length > 0 ? meeting.meet : undefined);
  const assigned = { arrays, memory, meeting: words, lanes: lanes.length };
  const started = await Promise.allSettled(others.map((program) => startLaneThread({ program, ...assigned })));
  const threads = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const dispose = async () => {
    await Promise.all([first.dispose(), ...threads.map((thread) => thread.end())]);
  };
  const failed = started.find((each) => each.status === 'rejected');
  if (failed || threads.some((thread) => thread.flushesTinyNumbers !== flushesTinyNumbers())) {
    await dispose();
    if (failed) throw failed.reason;
    return undefined;
  }
  return {
    run: async (found) => {
      const addresses = found.map((array) => (array && arena.has(array) ? array.byteOffset : -1));
      const running = Promise.allSettled(threads.map((thread) => thread.run(addresses)));
      const [result] = await Promise.allSettled([first.run(found)]);
      // Who hangs does not answer.
      if (meeting.isBrokenUp()) {
        const known = threads.flatMap((thread) => thread.failure() ?? []);
        throw known.find(({ message }) => message !== GONE) ?? new Error(GONE);
      }
      // All of them, before anybody begins anew.
      for (const each of [...(await running), result]) if (each.status === 'rejected') throw each.reason;
    },
    dispose,
  };
}

/** The inputs that kernels read. */
function inputsOfKernels({ turns }: Plan): ReadonlySet<Node> {
  const places = turns.flatMap((turn) => turn.kernels.flatMap((kernel) => [...kernel.vectors, ...kernel.scalars]));
  const roots = places.flatMap((place) => (place.kind === 'view' ? [place.view.root] : []));
  return new Set(roots.filter((root) => isOp(root, 'input')));
}

const arraysOfSegments = ({ turns }: LaneProgram): readonly number[] =>
  turns.flatMap(({ segment }) =>
    segment ? [segment.sources, segment.destinations].flatMap(Object.values<Span>).map(({ array }) => array) : [],
  );

/** What may go in and out again and again: vectors of numbers. */
const vectorsOf = (nodes: Readonly<Record<string, Node>>) =>
  Object.values(nodes).filter((node) => node.dtype === 'float32' && node.shape.length === 1);
