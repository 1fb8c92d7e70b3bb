/**
 * The WebGPU provider: every op and a whole training step against the interpreter, on this machine's own adapter or,
 * where it has none, on one in software; skipped with the reason where there is neither.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { probeBackend } from '../../main/learn/run/backends.ts';
import { entryOf, opNames } from '../tensor/harness.ts';
import { unpackSoftwareAdapter } from './software-adapter.ts';
import type { Comparison } from './webgpu-child.ts';

const CHILD = fileURLToPath(new URL('./webgpu-child.ts', import.meta.url));
const own = await probeBackend('onnxruntime-webgpu');
const adapter = own.usable ? undefined : unpackSoftwareAdapter();
after(() => adapter?.dispose());
const environment = own.usable ? process.env : adapter?.environment;

/** The sine and cosine of a graphics card are the least accurate of its functions: WGSL asks for 2⁻¹¹. */
const toleranceOf = (title: string): number => (/^(sin|cos)$/.test(title) ? 2 ** -11 : 1e-4);

test('every op and a whole step agree with the interpreter', {
  skip: environment ? false : `no adapter: ${own.usable ? '' : own.reason}`,
}, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD], { env: environment });
  // Own child at the same version: the type is the contract.
  const comparisons = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Comparison]));
  const titles = [...opNames.filter((op) => entryOf(op).cases.length > 0), 'ConRFT, cell, online'];
  assert.deepEqual(
    comparisons.map(({ title }) => title),
    titles,
  );
  const wrong = comparisons.filter(({ title, error }) => !(error !== undefined && error <= toleranceOf(title)));
  assert.deepEqual(wrong, []);
});

test('software counts as an adapter, none is told as such', async () => {
  const found = await probeBackend('onnxruntime-webgpu', environment);
  assert.equal(found.usable, environment !== undefined);
  const none = await probeBackend('onnxruntime-webgpu', {
    ...process.env,
    VK_ICD_FILENAMES: '/none',
    VK_DRIVER_FILES: '/none',
  });
  if (process.platform !== 'linux') return;
  assert.ok(!none.usable);
  assert.match(none.reason, /^Failed to get a WebGPU adapter/);
  assert.match(none.remedy, /Vulkan/);
});
