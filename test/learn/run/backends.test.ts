/** The choice of a backend: what is there computes whole training steps as the interpreter does, what is not there is refused. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import { BACKENDS, backendSchema, DEFAULT_BACKEND } from '../../../main/api/run.ts';
import { BackendUnavailable, createBackend, probeBackend } from '../../../main/learn/run/backends.ts';
import { createTfjsBackend, loadTensorFlow } from '../../../main/tensor/backends/tfjs.ts';
import { interpreter } from '../../../main/tensor/interpret.ts';
import { smallSteps } from '../small-steps.ts';
import { largestError, stepInputs } from '../step-inputs.ts';

const backends = {
  'ONNX Runtime': await createBackend('onnxruntime-cpu', { threads: 1 }),
  'TensorFlow.js': createTfjsBackend(await loadTensorFlow('@tensorflow/tfjs')),
};

for (const [title, backend] of Object.entries(backends))
  for (const [name, make] of Object.entries(smallSteps))
    test(`${title} computes a whole step as the interpreter does: ${name}`, async () => {
      const step = make();
      const inputs = stepInputs(step, createRng(3));
      const [compiled, oracle] = [await backend.compile(step), await interpreter.compile(step)];
      const error = largestError(await compiled.run(inputs), await oracle.run(inputs));
      await compiled.dispose();
      assert.ok(error <= 1e-4, `error ${error}`);
    });

const require = createRequire(import.meta.url);
const isInstalled = (name: string) =>
  (require.resolve.paths(name) ?? []).some((folder) => existsSync(join(folder, name)));
const hasCuda = existsSync(
  join(dirname(require.resolve('onnxruntime-node')), '../../bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so'),
);

test('a provider that is not there is refused with the reason and a remedy; nothing else stands in', {
  skip: hasCuda && 'the CUDA provider is installed',
}, async () => {
  await assert.rejects(createBackend('onnxruntime-cuda', { threads: 1 }), (error: unknown) => {
    assert.ok(error instanceof BackendUnavailable);
    assert.equal(error.backend, 'onnxruntime-cuda');
    assert.match(error.message, /^the backend onnxruntime-cuda cannot be used: .*shared library/i);
    assert.match(error.remedy, /ONNXRUNTIME_NODE_INSTALL=true/);
    return true;
  });
});

test('TensorFlow that is not installed is refused with how to add it', {
  skip: isInstalled('@tensorflow/tfjs-node-gpu') && 'it is installed',
}, async () => {
  const found = await probeBackend('tensorflow');
  assert.deepEqual(found, {
    backend: 'tensorflow',
    usable: false,
    reason: '@tensorflow/tfjs-node-gpu is not installed',
    remedy:
      'npm install --no-save @tensorflow/tfjs-node-gpu@4 (downloads some 400 MB; needs an NVIDIA card with CUDA 11 and cuDNN 8).',
  });
});

test('the default comes with the program; every backend says what it is and what to do', async () => {
  assert.deepEqual(await probeBackend(DEFAULT_BACKEND), { backend: DEFAULT_BACKEND, usable: true });
  for (const name of backendSchema.options) assert.ok(BACKENDS[name].title && BACKENDS[name].remedy);
});
