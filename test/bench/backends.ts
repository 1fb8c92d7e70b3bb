/**
 * Every backend that this machine has, on whole ConRFT updates: the same inputs, the results compared with those of the processor,
 * the time of an update. Each backend runs in a process of its own under a time limit, and what it reports is printed as it comes.
 * Where WebGPU finds no graphics card, NVIDIA's Vulkan driver is tried through the loader of the tests' Chromium. Its software adapter
 * is left out: it takes minutes for one update of this size (`test/learn/webgpu.long.test.ts` uses it on smaller ones).
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize } from 'node:v8';
import { type BackendName, backendSchema } from '../../main/api/run.ts';
import { probeBackend } from '../../main/learn/run/backends.ts';
import { type SoftwareAdapter, unpackSoftwareAdapter } from '../learn/software-adapter.ts';
import { largestError } from '../learn/step-inputs.ts';
import { WORKLOADS, type Workload } from './training-steps.ts';

const CHILD = fileURLToPath(new URL('./backends-child.ts', import.meta.url));
const LIMIT_MS = 120_000;
const ICD_FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'];
const NVIDIA_DRIVERS = ['libGLX_nvidia.so.0', 'libEGL_nvidia.so.0'];

interface Adapter {
  /** Name of the graphics driver, for people. */
  readonly by: string;
  readonly environment: NodeJS.ProcessEnv;
}

type Facts = Readonly<Record<string, unknown>>;

const say = (facts: Facts) => console.log(JSON.stringify(facts));

function describeGraphics(): Facts {
  const { stdout } = spawnSync('nvidia-smi', ['-L'], { encoding: 'utf8' });
  const drivers = ICD_FOLDERS.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  return { stage: 'machine', nvidia: stdout?.trim() || 'none', vulkanDrivers: drivers };
}

/** The first that gives WebGPU something to run on. */
async function findAdapter(software: SoftwareAdapter | undefined, folder: string): Promise<Adapter | undefined> {
  const candidates: Adapter[] = [{ by: "this machine's driver", environment: process.env }];
  if (software) {
    for (const library of NVIDIA_DRIVERS) {
      const file = join(folder, `${library}.json`);
      writeFileSync(
        file,
        JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } }),
      );
      const environment = { ...software.environment, VK_ICD_FILENAMES: file, VK_DRIVER_FILES: file };
      candidates.push({ by: `the tests' loader with ${library}`, environment });
    }
  }
  for (const candidate of candidates) {
    const found = await probeBackend('onnxruntime-webgpu', candidate.environment);
    say({ stage: 'adapter', by: candidate.by, ...found });
    if (found.usable) return candidate;
  }
  return undefined;
}

interface Outcome {
  readonly p50Ms?: number;
  readonly error?: number;
  readonly problem?: string;
  /** Nodes by execution provider. */
  readonly placement?: Readonly<Record<string, number>>;
}

/** Runs the child, printing its lines as they come. */
function runChild(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly facts: Facts[]; readonly log: string; readonly end: string }> {
  const { promise, resolve } = Promise.withResolvers<{ facts: Facts[]; log: string; end: string }>();
  const child = spawn(process.execPath, [CHILD, ...args], { env, timeout: LIMIT_MS, killSignal: 'SIGKILL' });
  const facts: Facts[] = [];
  let [out, log] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (out + text).split('\n');
    out = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('{')) continue;
      facts.push(JSON.parse(line)); // The child is this file's own, so its lines are trusted.
      console.log(line);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  child.on('error', (error) => resolve({ facts, log, end: error.message }));
  child.on('close', (code, signal) => resolve({ facts, log, end: signal ?? `status ${code}` }));
  return promise;
}

/** "Node(s) placed on [X]. Number of nodes: N", or "All nodes placed on [X]. …", in ONNX Runtime's verbose log. */
function placementIn(log: string): Record<string, number> | undefined {
  const lines = [...log.matchAll(/odes? ?(?:\(s\))? placed on \[(\w+)\]\. Number of nodes: (\d+)/g)];
  const counts = lines.map(([, provider, count]) => [provider ?? '', Number(count)] as const);
  return counts.length === 0 ? undefined : Object.fromEntries(counts);
}

/** Largest difference from the processor's results, each relative to the largest value of its tensor. */
function errorBetween(file: string, reference: string): number | undefined {
  if (!existsSync(file) || !existsSync(reference)) return undefined;
  const resultsIn = (path: string): Record<string, { readonly data: number[] }> => {
    const results: Record<string, number[]> = deserialize(readFileSync(path)); // The child is this file's own, so its lines are trusted.
    return Object.fromEntries(Object.entries(results).map(([name, data]) => [name, { data }]));
  };
  return largestError(resultsIn(file), resultsIn(reference));
}

async function measure(
  backend: BackendName,
  workload: Workload,
  environment: NodeJS.ProcessEnv,
  repeats: number,
  folder: string,
): Promise<Outcome> {
  const file = join(folder, `${backend}.${workload}`);
  const args = [backend, workload, String(repeats), file];
  const { facts, log, end } = await runChild(args, environment);
  const placement = placementIn(log);
  const error = errorBetween(file, join(folder, `onnxruntime-cpu.${workload}`));
  const timed = facts.find(({ stage }) => stage === 'timed')?.['p50Ms'];
  const finished = facts.some(({ stage }) => stage === 'done');
  const lastWords = log.split('\n').findLast((line) => /error/i.test(line));
  const outcome: Outcome = {
    ...(typeof timed === 'number' && { p50Ms: timed }),
    ...(error !== undefined && { error }),
    ...(placement && { placement }),
    ...(!finished && { problem: `${end} after ${String(facts.at(-1)?.['stage'] ?? 'nothing')}: ${lastWords ?? ''}` }),
  };
  say({ stage: 'outcome', backend, workload, ...outcome });
  return outcome;
}

export async function run(repeats = 30) {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-bench-'));
  const software = unpackSoftwareAdapter();
  const outcomes: Record<string, Record<string, Outcome>> = {};
  let by = 'none';
  try {
    say(describeGraphics());
    for (const backend of backendSchema.options) {
      let environment: NodeJS.ProcessEnv = process.env;
      if (backend === 'onnxruntime-webgpu') {
        const adapter = await findAdapter(software, folder);
        if (!adapter) continue;
        ({ by, environment } = adapter);
      } else {
        const found = await probeBackend(backend);
        if (!found.usable) {
          say({ stage: 'absent', ...found });
          continue;
        }
      }
      for (const workload of Object.keys(WORKLOADS) as Workload[]) {
        outcomes[backend] = {
          ...outcomes[backend],
          [workload]: await measure(backend, workload, environment, repeats, folder),
        };
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    software?.dispose();
  }
  return { name: 'backends', webgpuBy: by, ...outcomes };
}

if (import.meta.main) console.log(JSON.stringify(await run()));
