/** One lane's part in a run: its segments and its share of the kernels, in turns with the other lanes. */
import type { TensorData, TensorValue } from '../backend.ts';
import { sizeOf } from '../ir.ts';
import { mapValues } from './arrays.ts';
import { instantiateKernel, type Kernel } from './kernel.ts';
import type { KernelCall, LaneProgram, LaneTurn, Model, Span } from './program.ts';
import { LANE_BYTES } from './wasm.ts';

/** A graph in a runtime. Results are written to the places given; for the others it makes memory. */
export interface Session {
  run(
    inputs: Readonly<Record<string, TensorValue>>,
    into: Readonly<Record<string, TensorValue | undefined>>,
  ): Promise<Record<string, TensorValue>>;
  dispose(): Promise<void>;
}

export type OpenSession = (model: Model) => Promise<Session>;

export interface LoadedLane {
  /** On the arrays of a program, of which it fills in those that are missing. */
  run(arrays: (TensorData | undefined)[]): Promise<void>;
  dispose(): Promise<void>;
}

/** `meet` returns when all lanes have come to it. */
export async function loadLane(
  { models, modules, turns }: LaneProgram,
  memory: WebAssembly.Memory,
  open: OpenSession,
  meet: () => void = () => {},
): Promise<LoadedLane> {
  const kernels = modules.map((module) => instantiateKernel(module, memory));
  const sessions: Session[] = [];
  const dispose = async () => {
    await Promise.all(sessions.map((session) => session.dispose()));
  };
  try {
    for (const model of models) sessions.push(await open(model));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    run: async (arrays) => {
      // A lane that fails goes on meeting the others, which would wait for it.
      let failure: { readonly error: unknown } | undefined;
      const attempt = async (work: () => void | Promise<void>) => {
        if (failure) return;
        try {
          await work();
        } catch (error) {
          failure = { error };
        }
      };
      for (const turn of turns) {
        await attempt(() => runSegment(turn, sessions, arrays));
        meet();
        await attempt(() => runKernels(turn.kernels, kernels, arrays));
        meet();
      }
      if (failure) throw failure.error;
    },
    dispose,
  };
}

async function runSegment(
  { segment }: LaneTurn,
  sessions: readonly Session[],
  arrays: (TensorData | undefined)[],
): Promise<void> {
  if (!segment) return;
  const tensor = ({ array, offset, shape, dtype }: Span): TensorValue | undefined => {
    const data = arrays[array]?.subarray(offset, offset + sizeOf(shape));
    return data && { shape, dtype, data };
  };
  const sources = mapValues(segment.sources, (span) => tensor(span)!);
  const results = await sessions[segment.model]!.run(sources, mapValues(segment.destinations, tensor));
  for (const [name, { array }] of Object.entries(segment.destinations)) arrays[array] ??= results[name]!.data;
}

function runKernels(
  calls: readonly KernelCall[],
  kernels: readonly Kernel[],
  arrays: readonly (TensorData | undefined)[],
): void {
  const address = ({ array, offset }: Span) => arrays[array]!.byteOffset + offset * LANE_BYTES;
  for (const { module, spans, bytes } of calls) kernels[module]!(...spans.map(address), bytes);
}
