/**
 * Tries one native part and prints the result as one JSON line. `probes.ts` runs it as a separate process, so that a
 * missing or crashing library becomes a finding and does not end the doctor.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { NativeFacts, NativePart } from './probes.ts';

/**
 * A variable, because only `native/sim/physics/mujoco.ts` may import the package, and the probe must not depend on the
 * program.
 */
const MUJOCO = '@mujoco/mujoco';
const require = createRequire(import.meta.url);
// The packages' types belong to their wrappers, so a probe calls them without types.
type Loose = Readonly<Record<string, unknown>>;
const load = (name: string): Loose => require(name);
const call = (target: unknown, name: string, ...values: readonly unknown[]): unknown => {
  const method: unknown = Reflect.get(Object(target), name);
  if (typeof method !== 'function') throw new TypeError(`${name} is missing`);
  return Reflect.apply(method, target, values);
};
/** Reads the version from the package's folder, because not every package lets its package.json be imported. */
const versionOf = (name: string): string => {
  const file = require.resolve
    .paths(name)
    ?.map((folder) => join(folder, name, 'package.json'))
    .find(existsSync);
  if (file === undefined) throw new Error(`The package ${name} is not installed.`);
  return /"version":\s*"([^"]+)"/.exec(readFileSync(file, 'utf8'))?.[1] ?? 'unknown';
};

async function runModel(): Promise<NativeFacts> {
  const runtime: Loose = (await import('../../tensor/backends/onnxruntime.ts')).ort;
  const model = tinyModel();
  const made = await call(runtime['InferenceSession'], 'create', model, {
    executionProviders: ['cpu'],
    logSeverityLevel: 4,
  });
  const Tensor = runtime['Tensor'];
  if (typeof Tensor !== 'function') throw new TypeError('Tensor is missing');
  const x: unknown = Reflect.construct(Tensor, ['float32', Float32Array.of(21), [1]]);
  const answer = await call(made, 'run', { x });
  const data: unknown = Reflect.get(Object(Reflect.get(Object(answer), 'z')), 'data');
  const value: unknown = Reflect.get(Object(data), 0);
  if (value !== 42) throw new Error(`21 + 21 gave ${String(value)}; expected 42`);
  return { version: versionOf('onnxruntime-node') };
}

/** Makes a model of one node, z = x + x on one float, field by field (protobuf: key byte, length, content). */
function tinyModel(): Uint8Array {
  const text = (value: string) => [...new TextEncoder().encode(value)];
  const field = (number: number, content: readonly number[]) => [(number << 3) | 2, content.length, ...content];
  const varint = (number: number, value: number) => [number << 3, value];
  // ValueInfoProto: name, type.tensor_type { elem_type float, shape [1] }
  const value = (name: string) => [
    ...field(1, text(name)),
    ...field(2, field(1, [...varint(1, 1), ...field(2, field(1, varint(1, 1)))])),
  ];
  const node = [...field(1, text('x')), ...field(1, text('x')), ...field(2, text('z')), ...field(4, text('Add'))];
  const graph = [...field(1, node), ...field(2, text('tiny')), ...field(11, value('x')), ...field(12, value('z'))];
  return Uint8Array.from([...varint(1, 8), ...field(7, graph), ...field(8, varint(2, 13))]);
}

const PARTS: Readonly<Record<NativePart, () => Promise<NativeFacts>>> = {
  sqlite: async () => {
    const Database: unknown = require('better-sqlite3');
    if (typeof Database !== 'function') throw new TypeError('better-sqlite3 exports no class');
    const row = call(call(Reflect.construct(Database, [':memory:']), 'prepare', 'SELECT sqlite_version() AS v'), 'get');
    return { version: String(Reflect.get(Object(row), 'v')) };
  },
  onnxruntime: runModel,
  mujoco: async () => {
    const module: Loose = await import(MUJOCO);
    const mujoco = await call(module, 'default');
    return { version: String(call(mujoco, 'mj_versionString')) };
  },
  hid: async () => {
    call(load('node-hid'), 'devices');
    return { version: versionOf('node-hid') };
  },
  video: async () => {
    load('@napi-rs/webcodecs');
    return { version: versionOf('@napi-rs/webcodecs') };
  },
};

const name = process.argv[2] ?? '';
const part = Object.entries(PARTS).find(([key]) => key === name)?.[1];
if (!part) throw new Error(`There is no part "${name}"; expected one of ${Object.keys(PARTS).join(', ')}.`);
try {
  console.log(JSON.stringify({ ok: true, ...(await part()) }));
} catch (error) {
  console.log(JSON.stringify({ ok: false, error: error instanceof Error ? error.message : String(error) }));
}
process.exit(0);
