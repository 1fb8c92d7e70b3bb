/**
 * One ConRFT update: a critic update, then a critic and actor update; batch 256, embedding 384 + proprioception 64, two
 * critics, 256×256. Ours, beside TensorFlow.js (CPU, WASM) and PyTorch where a Python has it.
 */
import { join } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { createRng } from '../../main/api/rng.ts';
import type { TransitionBatch } from '../../main/learn/algorithms/algorithm.ts';
import { conrft } from '../../main/learn/algorithms/conrft/conrft-learner.ts';
import { conrftNets } from '../../main/learn/algorithms/conrft/conrft-nets.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { besideTorch, type Times, timeUpdates } from './torch.ts';
import { timeTfjs } from './train-step-tfjs.ts';
import { CONRFT, SIZES } from './training-steps.ts';

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
    ...{ backend, config: CONRFT, stage: 'online', sizes: SIZES },
    rng: createRng(1),
  });
  const batch = syntheticBatch(learner.batches * learner.batchSize);
  const times = await timeUpdates(() => learner.update(batch), repeats);
  await learner.dispose();
  return times;
}

export async function run(repeats = 60) {
  const compared = await besideTorch((threads) => timeOurs(threads, repeats), 'train-step.py', repeats);
  const work = {
    nets: conrftNets(CONRFT, SIZES),
    batch: CONRFT.batchSize,
    observation: SIZES.embedding + SIZES.proprioception,
    action: ACTION_SIZE,
  };
  setWasmPaths(`${join(import.meta.dirname, '../../node_modules/@tensorflow/tfjs-backend-wasm/dist')}/`);
  const wasm = await timeTfjs('wasm', work, 3);
  const cpu = await timeTfjs('cpu', work, 1);
  return {
    name: 'train-step',
    ...compared,
    tfjsWasm: wasm,
    tfjsCpu: cpu,
    /** How many times faster than TensorFlow.js's WASM backend. */
    ratio: wasm.p50Ms / compared.p50Ms,
  };
}

if (import.meta.main) console.log(JSON.stringify(await run()));
