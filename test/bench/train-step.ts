/**
 * One ConRFT update: a critic update, then a critic and actor update; batch 256, embedding 384 + proprioception 64, two
 * critics, 256×256. As one ONNX graph of ours, beside TensorFlow.js (CPU, WASM) and PyTorch where a Python has it.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { systemClock } from '../../main/api/clock.ts';
import { createRng } from '../../main/api/rng.ts';
import type { TransitionBatch } from '../../main/learn/algorithms/algorithm.ts';
import { conrftNets } from '../../main/learn/algorithms/conrft.ts';
import { type ConrftConfig, PRESETS } from '../../main/learn/algorithms/conrft-config.ts';
import { conrft } from '../../main/learn/algorithms/conrft-learner.ts';
import { createOrtBackend } from '../../main/learn/graph/ort.ts';
import { timeTfjs } from './train-step-tfjs.ts';

const CONFIG: ConrftConfig = { ...PRESETS.paper, hidden: [256, 256], proprioceptionFeatures: 0, batchSize: 256 };
const SIZES = { embedding: 384, proprioception: 64, actionMask: new Array<boolean>(ACTION_SIZE).fill(true) };
const PYTHONS = [process.env['TAKEOVER_PYTHON'], 'python3', 'python'];

interface Times {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function summary(times: number[]): Times {
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

function syntheticBatch(size: number): TransitionBatch {
  const rng = createRng(1);
  const normals = (count: number) => Float32Array.from({ length: count }, () => 0.5 * rng.normal());
  const ones = new Float32Array(size).fill(1);
  return {
    size,
    embedding: normals(size * SIZES.embedding),
    proprioception: normals(size * SIZES.proprioception),
    action: normals(size * ACTION_SIZE),
    reward: normals(size),
    mask: ones,
    nextEmbedding: normals(size * SIZES.embedding),
    nextProprioception: normals(size * SIZES.proprioception),
    monteCarloReturn: normals(size),
    monteCarloReturnCut: normals(size),
    imitation: ones,
    human: ones,
    actionChunk: new Float32Array(),
    chunkPad: new Float32Array(),
  };
}

async function timeOurs(threads: number, repeats: number): Promise<Times> {
  const backend = createOrtBackend({ threads });
  const learner = await conrft.createLearner({
    ...{ backend, config: CONFIG, stage: 'online', sizes: SIZES },
    rng: createRng(1),
  });
  const batch = syntheticBatch(learner.batches * learner.batchSize);
  for (let index = 0; index < 5; index++) await learner.update(batch);
  const times: number[] = [];
  for (let index = 0; index < repeats; index++) {
    const startedMs = systemClock.nowMs();
    await learner.update(batch);
    times.push(systemClock.nowMs() - startedMs);
  }
  await learner.dispose();
  return summary(times);
}

/** Undefined where no Python with PyTorch is found. */
function timeTorch(threads: number, repeats: number): (Times & { readonly version: string }) | undefined {
  const script = join(import.meta.dirname, 'train-step.py');
  for (const python of PYTHONS) {
    if (!python) continue;
    const { status, stdout } = spawnSync(python, [script, String(threads), String(repeats)], { encoding: 'utf8' });
    if (status === 0) return JSON.parse(stdout);
  }
  return undefined;
}

export async function run(repeats = 60) {
  const [oneThread, twoThreads] = [await timeOurs(1, repeats), await timeOurs(2, repeats)];
  const torch = { oneThread: timeTorch(1, repeats), twoThreads: timeTorch(2, repeats) };
  const work = {
    nets: conrftNets(CONFIG, SIZES),
    batch: CONFIG.batchSize,
    observation: SIZES.embedding + SIZES.proprioception,
    action: ACTION_SIZE,
  };
  setWasmPaths(`${join(import.meta.dirname, '../../node_modules/@tensorflow/tfjs-backend-wasm/dist')}/`);
  const wasm = summary(await timeTfjs('wasm', work, 3));
  const cpu = summary(await timeTfjs('cpu', work, 1));
  return {
    name: 'train-step',
    ...twoThreads,
    oneThread,
    tfjsWasm: wasm,
    tfjsCpu: cpu,
    torch,
    /** How many times faster than TensorFlow.js's WASM backend. */
    ratio: wasm.p50Ms / twoThreads.p50Ms,
  };
}

if (import.meta.main) console.log(JSON.stringify(await run()));
