/**
 * One backend, one workload: node backends-child.ts BACKEND WORKLOAD REPEATS RESULTS. Says what it has reached as JSON lines, the
 * earliest first, so that a driver that hangs or dies still leaves what was known. The results of the first run go to a file.
 */
import { writeFileSync, writeSync } from 'node:fs';
import { serialize } from 'node:v8';
import { systemClock } from '../../main/api/clock.ts';
import { createRng } from '../../main/api/rng.ts';
import { backendSchema } from '../../main/api/run.ts';
import { createBackend } from '../../main/learn/run/backends.ts';
import { ort } from '../../main/tensor/backends/onnxruntime.ts';
import { toOnnx } from '../../main/tensor/onnx/to-onnx.ts';
import { stepInputs } from '../learn/step-inputs.ts';
import { WORKLOADS, type Workload } from './training-steps.ts';

const [backendName, workload, repeats, resultsFile] = process.argv.slice(2);
const name = backendSchema.parse(backendName);
const THREADS = 2;
const TIMING_LIMIT_MS = 20_000;

let lastMs = systemClock.nowMs();
/** With the milliseconds since the stage before. */
function say(stage: string, facts: Readonly<Record<string, unknown>> = {}): void {
  const nowMs = systemClock.nowMs();
  writeSync(
    1,
    `${JSON.stringify({ backend: name, workload, stage, sinceLastMs: Math.round(nowMs - lastMs), ...facts })}\n`,
  );
  lastMs = systemClock.nowMs();
}

/** ONNX Runtime tells in its verbose log, on standard error, where each node runs; the parent reads it. */
async function logPlacement(provider: string, target: 'onnxruntime' | 'webgpu'): Promise<void> {
  const model = toOnnx(WORKLOADS[workload as Workload](), { name: 'placement', target });
  const session = await ort.InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 0 });
  await session.release();
}

const backend = await createBackend(name, { threads: THREADS });
say('works');
const step = WORKLOADS[workload as Workload](); // The parent takes the name from the same table.
const inputs = stepInputs(step, createRng(11));
say('step built');
const compiled = await backend.compile(step);
say('compiled');
const first = await compiled.run(inputs);
say('first run');
const results = Object.entries(first).map(([key, { data }]) => [key, Array.from(data, Number)] as const);
writeFileSync(resultsFile!, serialize(Object.fromEntries(results)));
const into = Object.fromEntries(Object.entries(first).filter(([, { dtype }]) => dtype === 'float32'));
const times: number[] = [];
const timedFromMs = systemClock.nowMs();
for (let index = 0; index < Number(repeats) + 2; index++) {
  if (times.length > 0 && systemClock.nowMs() - timedFromMs > TIMING_LIMIT_MS) break;
  const startedMs = systemClock.nowMs();
  await compiled.run(inputs, into);
  if (index >= 2) times.push(systemClock.nowMs() - startedMs);
}
times.sort((a, b) => a - b);
say('timed', { p50Ms: times[Math.floor(times.length / 2)], fastestMs: times[0], runs: times.length });
if (name === 'onnxruntime-webgpu') await logPlacement('webgpu', 'webgpu');
if (name === 'onnxruntime-cuda') await logPlacement('cuda', 'onnxruntime');
say('done');
process.exit(0);
