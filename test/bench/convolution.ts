/**
 * Convolutions of the shipped trunk's kind, batch 64, one thread: how long the two gradients take against the convolution
 * itself, and how many thousand million products a second each makes.
 */
import { systemClock } from '../../main/api/clock.ts';
import { createRng } from '../../main/api/rng.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { sizeOf } from '../../main/tensor/ir.ts';
import { defineStep } from '../../main/tensor/step.ts';
import { conv2d, conv2dKernel, conv2dTranspose, input, type Node } from '../../main/tensor/tensor.ts';

const BATCH = 64;

/** Channels in and out, side of the picture, side of the kernel. */
const LAYERS = {
  'stem 5×5': { from: 3, to: 16, side: 64, kernel: 5, stride: 2 },
  'narrow 3×3': { from: 16, to: 32, side: 32, kernel: 3, stride: 2 },
  'wide 3×3': { from: 64, to: 64, side: 8, kernel: 3, stride: 1 },
  'shortcut 1×1': { from: 32, to: 64, side: 16, kernel: 1, stride: 2 },
} as const;

async function timeOf(node: Node, repeats: number): Promise<number> {
  const step = defineStep({ result: node });
  const compiled = await createOrtBackend({ threads: 1 }).compile(step);
  const rng = createRng(1);
  const feeds = Object.fromEntries(
    Object.entries(step.inputs).map(([name, { shape }]) => [
      name,
      Float32Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    ]),
  );
  await compiled.run(feeds);
  const times: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const startedMs = systemClock.nowMs();
    await compiled.run(feeds);
    times.push(systemClock.nowMs() - startedMs);
  }
  await compiled.dispose();
  // The quickest: what the machine can do when nothing else runs.
  return Math.min(...times);
}

export async function run(repeats = 30) {
  const layers: Record<string, Record<string, number>> = {};
  for (const [name, { from, to, side, kernel, stride }] of Object.entries(LAYERS)) {
    const window = { stride, padding: (kernel - 1) / 2 };
    const x = input('x', [BATCH, from, side, side]);
    const weights = input('weights', [to, from, kernel, kernel]);
    const y = conv2d(x, weights, window);
    const g = input('g', y.shape);
    const products = sizeOf(y.shape) * from * kernel * kernel;
    const forwardMs = await timeOf(y, repeats);
    const inputMs = await timeOf(conv2dTranspose(g, weights, [side, side], window), repeats);
    const kernelMs = await timeOf(conv2dKernel(x, g, [kernel, kernel], window), repeats);
    layers[name] = {
      forwardMs,
      forwardGigaPerSec: products / forwardMs / 1e6,
      inputGradientRatio: inputMs / forwardMs,
      kernelGradientRatio: kernelMs / forwardMs,
    };
  }
  return { name: 'convolution', batch: BATCH, ...layers };
}

if (import.meta.main) console.log(JSON.stringify(await run(), undefined, 2));
