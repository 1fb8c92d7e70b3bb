/**
 * Tests chunks in the policy's runtime, by a graph that shows its input: actions[k] = observation + k/100. A chunk
 * continues while the policy drives, and an action of a person ends it.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK } from '../../main/api/observation.ts';
import type { ChunkExecution, PolicyManifest } from '../../main/api/policy.ts';
import { exportPolicy, readPolicy } from '../../main/learn/policies/export-policy.ts';
import { starterManifestFor } from '../../main/models/assets.ts';
import { createPolicyRuntime } from '../../main/policy/policy-runtime.ts';
import { toOnnx } from '../../main/tensor/onnx/to-onnx.ts';
import { defineStep } from '../../main/tensor/step.ts';
import { add, constant, input, mul, reshape, sum } from '../../main/tensor/tensor.ts';
import { temporaryFolder } from '../learn/toy-project.ts';

const PROPRIOCEPTION = PROPRIOCEPTION_SIZE * PROPRIOCEPTION_STACK;

function writePolicy(folder: string, chunk: ChunkExecution, change: Partial<PolicyManifest> = {}): string {
  const seen = add(
    mul(sum(input('proprioception', [1, PROPRIOCEPTION])), reshape(input('gain', [1]), [])),
    reshape(input('embedding', [1, 1]), []),
  );
  const steps = constant(
    Array.from({ length: chunk.size * ACTION_SIZE }, (_, at) => Math.floor(at / ACTION_SIZE) / 100),
  );
  const actions = reshape(add(steps, seen), [1, chunk.size, ACTION_SIZE]);
  const manifest = {
    ...({ name: 'says', head: 'mse', noiseSize: 0, chunk, task: 'insert', observation: 'state' } as const),
    parameters: [{ name: 'gain', shape: [1] }],
    embeddingSize: 1,
    proprioceptionSize: PROPRIOCEPTION,
    actionMask: new Array<boolean>(ACTION_SIZE).fill(true),
    actingNoiseStd: 0,
    trainedSteps: 0,
    ...change,
  };
  return exportPolicy(
    join(folder, 'says'),
    manifest,
    toOnnx(defineStep({ actions }), { name: 'policy' }),
    Float32Array.of(0),
  );
}

async function runtimeOf(chunk: ChunkExecution, after: (clean: () => void) => void) {
  const runtime = createPolicyRuntime();
  await runtime.load(writePolicy(temporaryFolder(after), chunk), undefined);
  runtime.startEpisode(1, 0);
  /** Runs one tick: from an observation, in tenths, to the action, in hundredths. */
  const tick = async (observation: number, interrupted = false) => {
    runtime.observe(new Float32Array(PROPRIOCEPTION_SIZE));
    if (interrupted) runtime.interrupt();
    const embedding = Float32Array.of(observation / 10);
    const action = await runtime.act(embedding);
    await runtime.planAhead(embedding);
    return Math.round(100 * action![0]!);
  };
  return { runtime, tick };
}

test('a chunk goes on until it is spent, a takeover ends it, and so does an episode', async (t) => {
  const { runtime, tick } = await runtimeOf({ size: 4, execute: 3, latencySteps: 0 }, (clean) => t.after(clean));
  assert.deepEqual([await tick(0), await tick(1), await tick(2), await tick(3), await tick(4)], [0, 1, 2, 30, 31]);
  assert.deepEqual([await tick(5, true), await tick(6)], [50, 51], 'planned anew on what is seen after the takeover');
  assert.deepEqual([await tick(7, true), await tick(8, true)], [70, 80], 'a person who goes on driving');
  runtime.startEpisode(2, 0);
  assert.equal(await tick(9), 90);
  await runtime.dispose();
});

test('with a latency the next chunk is planned on an older observation, and begins later', async (t) => {
  const { runtime, tick } = await runtimeOf({ size: 4, execute: 2, latencySteps: 1 }, (clean) => t.after(clean));
  const done = [];
  for (let observation = 0; observation < 6; observation++) done.push(await tick(observation));
  assert.deepEqual(done, [0, 1, 11, 12, 31, 32]);
  await runtime.dispose();
});

test('a manifest that does not fit its graph, or cannot be executed, is refused', async (t) => {
  const folder = temporaryFolder((clean) => t.after(clean));
  const runtime = createPolicyRuntime();
  const chunk = { size: 4, execute: 2, latencySteps: 0 };
  const wrong = (change: Partial<PolicyManifest>) => runtime.load(writePolicy(folder, chunk, change), undefined);
  await assert.rejects(wrong({ noiseSize: 7 }), /noise is \[1, 7\] in the manifest and absent in the graph/);
  await assert.rejects(
    wrong({ chunk: { ...chunk, size: 5 } }),
    /actions is \[1, 5, 7\] in the manifest and \[1, 4, 7\]/,
  );
  await assert.rejects(wrong({ chunk: undefined }), /action is \[1, 7\] in the manifest and absent in the graph/);
  await assert.rejects(wrong({ chunk: { ...chunk, execute: 5 } }), /Execute at most 4/);
  assert.equal(runtime.manifest(), undefined);
});

test('damaged files of the right length are refused in words; a policy without SHA-256 loads, and says so', async (t) => {
  const folder = temporaryFolder((clean) => t.after(clean));
  const chunk = { size: 4, execute: 2, latencySteps: 0 };
  const runtime = createPolicyRuntime();
  for (const [file, damage] of [
    ['weights.bin', (bytes: Buffer) => bytes.writeFloatLE(-1)],
    ['graph.onnx', (bytes: Buffer) => bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60)],
    ['manifest.json', (bytes: Buffer) => bytes.write('9', bytes.indexOf('"trainedSteps": 0') + 16)],
  ] as const) {
    const manifestPath = writePolicy(folder, chunk);
    const path = join(dirname(manifestPath), file);
    const bytes = readFileSync(path);
    damage(bytes);
    writeFileSync(path, bytes);
    await assert.rejects(runtime.load(manifestPath, undefined), new RegExp(`${file} is damaged: its SHA-256 is`));
  }
  const manifestPath = writePolicy(folder, chunk);
  await runtime.load(manifestPath, undefined);
  assert.equal(runtime.unverified(), false);
  const {
    graphSha256: _,
    weightsSha256: __,
    manifestSha256: ___,
    ...old
  } = JSON.parse(readFileSync(manifestPath, 'utf8'));
  writeFileSync(manifestPath, JSON.stringify(old));
  await runtime.load(manifestPath, undefined);
  assert.equal(runtime.unverified(), true);
  await runtime.dispose();
});

test('what ships carries the SHA-256 of its files', () => {
  assert.equal(readPolicy(starterManifestFor('insert')).unverified, false);
});
