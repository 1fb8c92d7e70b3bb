/**
 * The doctor's questions to the machine. `realProbes` asks them; tests answer from tables. A failure is an answer and
 * never throws.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { availableParallelism, cpus, freemem, release, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { BackendFinding } from '../../learn/run/backends.ts';
import { type Host, thisHost } from '../launch/host.ts';
import { type Freshness, windowFreshness } from '../launch/window-stamp.ts';

/** Parts with a native library. Each is tried in a separate process. */
export type NativePart = 'sqlite' | 'onnxruntime' | 'mujoco' | 'hid' | 'video';
export interface NativeFacts {
  readonly version: string;
}
export type NativeAnswer = ({ readonly ok: true } & NativeFacts) | { readonly ok: false; readonly error: string };

export interface HidrawDevice {
  /** Path of the device, such as /dev/hidraw3. */
  readonly node: string;
  readonly name: string;
  readonly vendorId: number;
  readonly productId: number;
  readonly mayOpen: boolean;
}

export type Machine = Readonly<ReturnType<typeof thisMachine>>;

/**
 * `files`: names of the files that ONNX Runtime left in an empty home or temporary folder. It leaves some when its
 * telemetry is on.
 */
export type TelemetryAnswer =
  | { readonly ok: true; readonly files: readonly string[] }
  | { readonly ok: false; readonly error: string };

export interface Probes {
  readonly host: Host;
  readonly root: string;
  machine(): Machine;
  native(part: NativePart): Promise<NativeAnswer>;
  /**
   * Runs a model in a process with an empty home and temporary folder, and lists the files that are there afterwards.
   */
  telemetry(): Promise<TelemetryAnswer>;
  /** Tries each backend that can compute a training run in a separate process. */
  backends(): Promise<readonly BackendFinding[]>;
  /** Free bytes at this folder, or where it would be, and whether it can be written there. */
  folder(path: string): Promise<{ readonly freeBytes: number; readonly mayWrite: boolean }>;
  hidraw(): readonly HidrawDevice[];
  /** Returns `undefined` when there is no such program or it did not answer in time. */
  run(
    program: string,
    argv: readonly string[],
  ): Promise<{ readonly code: number; readonly output: string } | undefined>;
  /** Opens and closes a port on 127.0.0.1. Returns the problem, if any. */
  loopback(): Promise<string | undefined>;
  windowBuild(): Freshness;
}

const NATIVE_LIMIT_MS = 30_000;
const RUN_LIMIT_MS = 20_000;

export function realProbes(root: string): Probes {
  return {
    host: thisHost,
    root,
    machine: () => thisMachine(root),
    native: (part) => tryNative(part, process.env),
    telemetry: tryTelemetry,
    // Loaded only now, because it needs a native library and the doctor must start without.
    backends: async () => (await import('../../learn/run/backends.ts')).probeBackends(),
    folder: async (path) => {
      const there = nearestExisting(path);
      const { bavail, bsize } = await statfs(there);
      return { freeBytes: bavail * bsize, mayWrite: may(there, constants.W_OK) };
    },
    hidraw: () => readHidraw('/sys/class/hidraw', (node) => may(node, constants.R_OK | constants.W_OK)),
    run: (program, argv) => run(program, argv, RUN_LIMIT_MS),
    loopback: () =>
      new Promise((resolve) => {
        const server = createServer();
        server.on('error', (error) => resolve(error.message));
        server.listen(0, '127.0.0.1', () => server.close(() => resolve(undefined)));
      }),
    windowBuild: () => windowFreshness(root),
  };
}

const thisMachine = (root: string) => ({
  appVersion: versionIn(join(root, 'package.json')),
  nodeVersion: process.versions.node,
  architecture: process.arch,
  systemRelease: release(),
  processor: cpus()[0]?.model.trim() || 'unknown processor',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  freeMemoryBytes: freemem(),
});

const may = (path: string, mode: number): boolean => {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
};

const nearestExisting = (path: string): string =>
  existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));

function versionIn(file: string): string {
  const found = existsSync(file) ? /"version":\s*"([^"]+)"/.exec(readFileSync(file, 'utf8')) : null;
  return found?.[1] ?? 'unknown';
}

function run(program: string, argv: readonly string[], timeout: number): ReturnType<Probes['run']> {
  return new Promise((resolve) => {
    execFile(program, argv, { timeout, killSignal: 'SIGKILL', windowsHide: true }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
      resolve(code === undefined ? undefined : { code, output: `${stdout}${stderr}`.trim() });
    });
  });
}

function tryNative(part: NativePart, env: NodeJS.ProcessEnv): Promise<NativeAnswer> {
  const script = join(import.meta.dirname, `native-probe${import.meta.filename.endsWith('.ts') ? '.ts' : '.js'}`);
  const { promise, resolve } = Promise.withResolvers<NativeAnswer>();
  const options = { env, timeout: NATIVE_LIMIT_MS, killSignal: 'SIGKILL' } as const;
  execFile(process.execPath, [script, part], options, (error, stdout, stderr) =>
    resolve(readAnswer(stdout, stderr, error?.signal ?? undefined)),
  );
  return promise;
}

async function tryTelemetry(): Promise<TelemetryAnswer> {
  const folder = await mkdtemp(join(tmpdir(), 'takeover-telemetry-'));
  try {
    const { ORT_DISABLE_TELEMETRY: _inherited, ...environment } = process.env;
    const answer = await tryNative('onnxruntime', { ...environment, ...homeIn(folder) });
    if (!answer.ok) return answer;
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return { ok: true, files: entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns the variables that make `folder` a process's home, cache and temporary folder, on any system. */
const homeIn = (folder: string) =>
  Object.fromEntries(
    'HOME USERPROFILE LOCALAPPDATA APPDATA XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME TMPDIR TMP TEMP'
      .split(' ')
      .map((name) => [name, folder]),
  );

/** Reads the last line of a probe's output. For a probe that died, returns what killed it. */
export function readAnswer(stdout: string, stderr: string, signal: string | undefined): NativeAnswer {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    const answer: unknown = JSON.parse(last);
    const field = (name: string): unknown => Reflect.get(Object(answer), name);
    if (field('ok') === true) return { ok: true, version: String(field('version')) };
    if (field('ok') === false) return { ok: false, error: String(field('error')) };
  } catch {
    // The probe ended before it could answer. The reason is found below.
  }
  if (signal !== undefined) return { ok: false, error: `it took its process down (${signal})` };
  const lines = stderr.trim().split('\n');
  return { ok: false, error: lines.findLast((line) => /error/i.test(line)) ?? 'it gave no answer' };
}

/** Reads the kernel's list of devices, without any library. Empty when the system has no such list. */
export function readHidraw(folder: string, mayOpen: (node: string) => boolean): readonly HidrawDevice[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((entry) => {
      const file = join(folder, entry, 'device/uevent');
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const id = /^HID_ID=[0-9A-F]+:0*([0-9A-F]+):0*([0-9A-F]+)$/im.exec(text);
      if (!id) return [];
      const node = `/dev/${entry}`;
      const name = /^HID_NAME=(.*)$/m.exec(text)?.[1] ?? 'unnamed device';
      const [vendorId, productId] = [Number.parseInt(id[1] ?? '', 16), Number.parseInt(id[2] ?? '', 16)];
      return [{ node, name, vendorId, productId, mayOpen: mayOpen(node) }];
    });
}
