/**
 * Every op on all its cases and a whole training step, on the WebGPU provider against the interpreter; one JSON line
 * each. Run by `webgpu.long.test.ts` in a process of its own, because graphics drivers are found when a process starts.
 */
import { writeSync } from 'node:fs';
import { createRng } from '../../main/api/rng.ts';
import { createBackend } from '../../main/learn/run/backends.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import { defineStep } from '../../main/tensor/step.ts';
import { draw, entryOf, nodeOfCase, opNames, rngOf } from '../tensor/harness.ts';
import { smallSteps } from './small-steps.ts';
import { largestError, stepInputs } from './step-inputs.ts';

/** One is enough: a software adapter compiles some hundred programs for it. */
const WHOLE_STEP = 'ConRFT, cell, online';

export interface Comparison {
  readonly title: string;
  /** Relative to the largest value; undefined where it could not be computed. */
  readonly error?: number;
  readonly problem?: string;
}

type Feeds = Readonly<Record<string, ArrayLike<number | bigint>>>;

async function compare(title: string, make: () => { step: ReturnType<typeof defineStep>; feeds: Feeds }) {
  try {
    const { step, feeds } = make();
    // Typed arrays all: what `TensorLike` asks for.
    const inputs = feeds as Parameters<Awaited<ReturnType<typeof webgpu.compile>>['run']>[0];
    const [actual, expected] = [await webgpu.compile(step), await interpreter.compile(step)];
    const error = largestError(await actual.run(inputs), await expected.run(inputs));
    await actual.dispose();
    report({ title, error });
  } catch (error) {
    report({ title, problem: error instanceof Error ? error.message : String(error) });
  }
}

const report = (comparison: Comparison) => writeSync(1, `${JSON.stringify(comparison)}\n`);

const webgpu = await createBackend('onnxruntime-webgpu', { threads: 1 });
// All cases of an op are one graph: a session costs more than they do.
for (const op of opNames) {
  const { cases } = entryOf(op);
  if (cases.length === 0) continue;
  await compare(op, () => {
    const rng = rngOf(op);
    const results = cases.map((each, index) => [`case ${index}`, nodeOfCase(op, each, `${index} `).node] as const);
    const feeds = cases.flatMap((each, index) =>
      each.inputs.map((sample, at) => [`${index} x${at}`, draw(rng, sample)] as const),
    );
    return { step: defineStep(Object.fromEntries(results)), feeds: Object.fromEntries(feeds) };
  });
}
await compare(WHOLE_STEP, () => {
  const step = smallSteps[WHOLE_STEP]();
  return { step, feeds: stepInputs(step, createRng(7)) };
});
process.exit(0);
