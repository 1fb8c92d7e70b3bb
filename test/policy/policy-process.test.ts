/** Tests the policy process over its real channel: actions from a seed, new weights, refusals that change nothing. */

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK, STATE_ESTIMATE_SIZE } from '../../main/api/observation.ts';
import type { PolicyManifest } from '../../main/api/policy.ts';
import type { FromPolicyProcess, ToPolicyProcess } from '../../main/api/processes/policy-messages.ts';
import { createRng } from '../../main/api/rng.ts';
import { TASKS } from '../../main/api/task.ts';
import { PRESETS } from '../../main/learn/algorithms/conrft/conrft-config.ts';
import { conrft } from '../../main/learn/algorithms/conrft/conrft-learner.ts';
import { initialParameters } from '../../main/learn/nets/parameters.ts';
import { exportPolicy, readPolicy } from '../../main/learn/policies/export-policy.ts';
import { toOnnx } from '../../main/tensor/onnx/to-onnx.ts';
import { temporaryFolder } from '../learn/toy-project.ts';

const ENTRY = join(import.meta.dirname, '../../main/policy/policy-process.ts');
const CONFIG = { ...PRESETS.cell, hidden: [16, 16] };
const SIZES = {
  embedding: STATE_ESTIMATE_SIZE,
  proprioception: PROPRIOCEPTION_SIZE * PROPRIOCEPTION_STACK,
  actionMask: TASKS.insert.actionMask,
};

function writePolicy(
  folder: string,
  name: string,
  seed: number,
  change: Partial<PolicyManifest> = {},
  nan = false,
): string {
  const parameters = conrft.policyParameters(CONFIG, SIZES);
  const weights = initialParameters(parameters, createRng(seed));
  if (nan) weights[10] = Number.NaN;
  const manifest = {
    ...({ name, head: 'consistency', noiseSize: ACTION_SIZE, task: 'insert', observation: 'state' } as const),
    parameters: parameters.map(({ name, shape }) => ({ name, shape })),
    embeddingSize: SIZES.embedding,
    proprioceptionSize: SIZES.proprioception,
    actionMask: SIZES.actionMask,
    actingNoiseStd: 0.1,
    trainedSteps: 0,
    ...change,
  };
  return exportPolicy(
    join(folder, name),
    manifest,
    toOnnx(conrft.policyStep(CONFIG, SIZES), { name: 'policy' }),
    weights,
  );
}

type Answer<K extends FromPolicyProcess['kind']> = Extract<FromPolicyProcess, { kind: K }>;

function startProcess(after: (clean: () => void) => void) {
  const child = fork(ENTRY, [], { serialization: 'advanced' });
  after(() => child.kill());
  const waiting: ((message: FromPolicyProcess) => void)[] = [];
  const early: FromPolicyProcess[] = [];
  child.on('message', (message) => {
    const next = waiting.shift();
    // The child is the program's own, so the types of `policy-process.ts` are the contract.
    if (next) next(message as FromPolicyProcess);
    else early.push(message as FromPolicyProcess);
  });
  const next = () =>
    new Promise<FromPolicyProcess>((resolve) => {
      const message = early.shift();
      if (message) resolve(message);
      else waiting.push(resolve);
    });
  const expect = async <K extends FromPolicyProcess['kind']>(kind: K): Promise<Answer<K>> => {
    const message = await next();
    assert.equal(message.kind, kind, JSON.stringify(message));
    return message as Answer<K>;
  };
  return { send: (message: ToPolicyProcess) => void child.send(message), expect };
}

type Process = ReturnType<typeof startProcess>;

const observe = (sequence: number, wantAction = true): ToPolicyProcess => ({
  ...({ kind: 'observe', sequence, frames: [], wantAction, interrupted: false } as const),
  proprioception: new Float32Array(PROPRIOCEPTION_SIZE).fill(0.1 * sequence),
  stateEstimate: new Float32Array(STATE_ESTIMATE_SIZE).fill(0.2),
});

async function episode(process: Process, seed: number, actingNoiseStd: number, steps = 3) {
  process.send({ kind: 'start-episode', seed, actingNoiseStd, observation: 'state' });
  const actions: number[][] = [];
  for (let sequence = 0; sequence < steps; sequence++) {
    process.send(observe(sequence));
    const proposal = await process.expect('proposal');
    assert.equal(proposal.sequence, sequence);
    actions.push([...proposal.action!]);
  }
  return actions;
}

test('acts from a seed, swaps weights between episodes, refuses what cannot be used', async (t) => {
  const after = (clean: () => void) => t.after(clean);
  const folder = temporaryFolder(after);
  const process = startProcess(after);
  await process.expect('started');
  const load = (requestId: number, manifestPath: string) =>
    process.send({ kind: 'load-policy', requestId, manifestPath });

  process.send({ kind: 'start-episode', seed: 1, actingNoiseStd: 0, observation: 'state' });
  process.send(observe(0));
  const unloaded = await process.expect('proposal');
  assert.equal(unloaded.action, undefined);
  assert.equal(unloaded.embedding.length, STATE_ESTIMATE_SIZE);

  load(1, writePolicy(folder, 'one', 1));
  const loaded = await process.expect('loaded');
  assert.deepEqual(
    [loaded.requestId, loaded.name, loaded.embeddingSize, loaded.actingNoiseStd],
    [1, 'one', STATE_ESTIMATE_SIZE, 0.1],
  );
  const quiet = await episode(process, 5, 0);
  assert.ok(quiet.flat().every((value) => Math.abs(value) <= 1));
  assert.ok(
    quiet.every((action) => action[6] === 0),
    'the gripper is masked',
  );
  assert.deepEqual(await episode(process, 5, 0), quiet, 'the same seed');
  assert.notDeepEqual(await episode(process, 6, 0), quiet, 'another seed');
  const noisy = await episode(process, 5, 0.2);
  assert.ok(noisy[0]!.some((value, index) => Math.abs(value - quiet[0]![index]!) > 0.05));
  assert.ok(noisy.every((action) => action[6] === 0));

  const refused = async (requestId: number, manifestPath: string, words: RegExp) => {
    load(requestId, manifestPath);
    const answer = await process.expect('refused');
    assert.equal(answer.requestId, requestId);
    assert.match(answer.message, words);
    assert.ok(answer.remedy.length > 0);
    assert.deepEqual(await episode(process, 5, 0), quiet, 'the previous policy stays in use');
  };
  await refused(2, writePolicy(folder, 'nan', 2, {}, true), /not finite/);
  await refused(3, writePolicy(folder, 'robot', 2, { proprioceptionSize: 12 }), /takes 12 numbers of proprioception/);
  await refused(4, writePolicy(folder, 'embedding', 2, { embeddingSize: 9 }), /embedding is \[1, 9\] in the manifest/);
  const cut = writePolicy(folder, 'cut', 2);
  const weights = join(folder, 'cut', 'weights.bin');
  writeFileSync(weights, readFileSync(weights).subarray(0, 400));
  await refused(5, cut, /holds 100 numbers/);
  const broken = writePolicy(folder, 'broken', 2);
  writeFileSync(join(folder, 'broken', 'graph.onnx'), 'no graph');
  await refused(6, broken, /graph\.onnx is damaged/);
  const { manifest, weights: whole } = readPolicy(writePolicy(folder, 'no-graph', 2));
  const noGraph = exportPolicy(join(folder, 'no-graph'), manifest, Buffer.from('no graph'), whole);
  await refused(7, noGraph, /cannot be opened/);
  await refused(7, join(folder, 'missing', 'manifest.json'), /not a usable policy/);

  load(8, writePolicy(folder, 'two', 2));
  assert.equal((await process.expect('loaded')).name, 'two');
  assert.notDeepEqual(await episode(process, 5, 0), quiet);
  load(9, join(folder, 'one', 'manifest.json'));
  await process.expect('loaded');
  assert.deepEqual(await episode(process, 5, 0), quiet, 'and back');
});
