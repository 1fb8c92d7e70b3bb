/**
 * `npm run bench -- NAME [--json] [--quick] [--keep]` runs one measurement. With --json the last line of standard
 * output is one JSON object `{ name, … }`; with --keep it is written into `test/results/`. Some limits must also hold
 * while a run trains. They are measured twice, alone and beside a real trainer, and the numbers on top are those beside
 * it. A soak also takes `--minutes` and `--seed`, and ends with code 1 when a check fails. The main job takes `--task`
 * and `--seeds` (lists with commas), `--jobs` and `--conditions`.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { taskIdSchema } from '../../main/api/task.ts';
import { whileTraining } from './busy-trainer.ts';
import { keepResult, keepTable } from './keep-result.ts';
import { observingMachine } from './machine.ts';
import type { MainJobRequest } from './main-job.ts';

type Measured = {
  readonly name: string;
  /** The checks that failed, in words. */
  readonly broken?: readonly string[];
  /** A finished table in Markdown, and how to read it; kept in place of the values. */
  readonly table?: string;
  readonly note?: string;
  /** The command that the page names, where it shows more than this call has measured. */
  readonly command?: string;
} & Readonly<Record<string, unknown>>;

interface Wishes {
  readonly minutes: number;
  readonly seed: number;
  readonly sessions: MainJobRequest;
}

interface Bench {
  readonly what: string;
  /** The bench has a length and a seed; the others refuse `--minutes` and `--seed`. */
  readonly takesLength?: true;
  /** The bench runs sessions; the others refuse `--task`, `--seeds`, `--jobs` and `--conditions`. */
  readonly takesSessions?: true;
  /** `quick`: just enough to see that it works. */
  measure(quick: boolean, wishes: Wishes): Promise<Measured>;
}

interface Times {
  readonly p99Ms: number;
}

/** `ratio`: how much longer the slowest percent takes beside a trainer. */
async function aloneAndTraining<T extends Measured & Times>(run: () => Promise<T>): Promise<Measured> {
  const alone = await observingMachine(run);
  const training = await whileTraining(() => observingMachine(run));
  const { result, machine } = training.result;
  return {
    ...result,
    machine,
    training: { updatesPerSec: training.updatesPerSec },
    alone: { ...alone.result, machine: alone.machine },
    ratio: result.p99Ms / alone.result.p99Ms,
  };
}

export const BENCHES: Readonly<Record<string, Bench>> = {
  'train-step': {
    what: 'one ConRFT update, beside TensorFlow.js and PyTorch',
    measure: async (quick) => (await import('./train-step.ts')).run(quick ? 3 : undefined),
  },
  'rlpd-update': {
    what: "RLPD's block: 20 critic updates and one of the actor, beside PyTorch",
    measure: async (quick) => (await import('./rlpd-update.ts')).run(quick ? 2 : undefined),
  },
  'diffusion-update': {
    what: 'one update of a diffusion head, beside PyTorch',
    measure: async (quick) => (await import('./diffusion-update.ts')).run(quick ? 3 : undefined),
  },
  kernels: {
    what: 'training steps and the optimiser, as one graph of ONNX Runtime and with kernels of our own',
    measure: async (quick) => (await import('./kernels.ts')).run(quick ? 2 : undefined),
  },
  sampling: {
    what: 'drawing a batch of 256 from 200,000 transitions, as a share of the update that uses it',
    measure: async (quick) => (await import('./sampling.ts')).run(quick ? 5_000 : undefined),
  },
  backends: {
    what: 'every backend of this machine on one update: numbers against the processor, times',
    measure: async (quick) => (await import('./backends.ts')).run(quick ? 3 : undefined),
  },
  convolution: {
    what: 'convolutions and their gradients',
    measure: async (quick) => (await import('./convolution.ts')).run(quick ? 2 : undefined),
  },
  'pixel-feed': {
    what: 'cached against fresh image shifts, for a learner that reads a trunk',
    measure: async (quick) => (await import('./pixel-feed.ts')).run(quick ? 3 : undefined),
  },
  recording: {
    what: 'transitions per second into the store, bytes per transition',
    measure: async (quick) => (await import('./recording.ts')).run(quick ? 200 : undefined),
  },
  'trainer-memory': {
    what: "the trainer's memory at 100,000 transitions",
    measure: async (quick) => (await import('./trainer-memory.ts')).run(quick ? 2000 : undefined),
  },
  'metrics-cost': {
    what: 'what watching a run live costs the run',
    measure: async (quick) => (await import('./metrics-cost.ts')).run(quick ? { pairs: 1, phaseSec: 4 } : {}),
  },
  'takeover-latency': {
    what: 'from a HID report to the substep that uses it',
    measure: async (quick) => {
      const { run } = await import('./takeover-latency.ts');
      return aloneAndTraining(() => run(quick ? { takeovers: 3 } : {}));
    },
  },
  'busy-machine': {
    what: 'takeover serve and a watching window beside four busy loops, ten minutes',
    measure: async (quick) =>
      (await import('./busy-machine.ts')).run(quick ? { aloneSec: 5, busySec: 10, takeovers: 5 } : {}),
  },
  'live-as-headless': {
    what: 'the same episodes recorded live on a busy machine and headless',
    measure: async (quick) => (await import('./live-as-headless.ts')).run(quick ? 2 : undefined),
  },
  'main-job': {
    what: 'the main job headless: demonstrations, offline stage, corrected episodes, report',
    takesSessions: true,
    measure: async (quick, { sessions }) => (await import('./main-job.ts')).run(quick, sessions),
  },
  'encoder-hold-out': {
    what: 'what the shipped encoders see along episodes of every task, in the usual look and in others',
    measure: async (quick) => (await import('./encoder-hold-out.ts')).run(quick ? 1 : undefined),
  },
  recipes: {
    what: 'the imitation recipes on the same demonstrations',
    measure: async (quick) => (await import('./recipes.ts')).run(quick),
  },
  comparison: {
    what: 'methods compared on the same budget: the table of the kept sessions',
    measure: async () => (await import('./comparison.ts')).run(),
  },
  soak: {
    what: 'takeover serve driven, fuzzed, killed and stopped by a seeded script: --minutes N --seed S (Linux only)',
    takesLength: true,
    measure: async (quick, { minutes, seed }) =>
      (await import('./soak.ts')).run({ minutes: quick ? 0.5 : minutes, seed }),
  },
  'tick-jitter': {
    what: 'punctuality of the control tick, recording, streams subscribed',
    measure: async (quick) => {
      const { run } = await import('./tick-jitter.ts');
      return aloneAndTraining(() => run(quick ? { seconds: 4 } : {}));
    },
  },
};

function report(measured: Readonly<Record<string, unknown>>, indent = ''): void {
  for (const [key, value] of Object.entries(measured))
    if (typeof value === 'object' && value !== null) {
      console.log(`${indent}${key}`);
      report(value as Readonly<Record<string, unknown>>, `${indent}  `); // The entries of an object.
    } else console.log(`${indent}${key.padEnd(22)} ${typeof value === 'number' ? Number(value.toFixed(3)) : value}`);
}

const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((text) => (typeof text === 'string' ? text.split(',') : text), z.array(item).min(1));

const wishesSchema = z
  .object({
    minutes: z.coerce.number().positive().max(1440).default(30),
    seed: z.coerce.number().int().min(0).default(1),
    task: listOf(taskIdSchema).default(['insert']),
    seeds: listOf(z.coerce.number().int().min(0).max(900)).default([0, 1, 2]),
    jobs: z.coerce.number().int().min(1).max(64).default(1),
    conditions: z.boolean().default(false),
  })
  .transform(({ minutes, seed, task, ...sessions }) => ({ minutes, seed, sessions: { tasks: task, ...sessions } }));

/** Returns why the options do not fit the bench, in words. */
function refusal(name: string, bench: Bench, given: Readonly<Record<string, unknown>>): string | undefined {
  const has = (...names: readonly string[]) => names.some((option) => given[option] !== undefined);
  if (!bench.takesLength && has('minutes', 'seed'))
    return `${name} has no length and no seed of its own: leave out --minutes and --seed.`;
  if (!bench.takesSessions && has('task', 'seeds', 'jobs', 'conditions'))
    return `${name} runs no sessions: leave out --task, --seeds, --jobs and --conditions.`;
  if (wishesSchema.safeParse(given).success) return undefined;
  return bench.takesLength
    ? '--minutes is a positive number of at most 1440, --seed a whole number of at least 0.'
    : `--task is a list of ${taskIdSchema.options.join(', ')} with commas, --seeds a list of whole numbers from 0 to 900, --jobs a whole number from 1 to 64.`;
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      task: { type: 'string' },
      seeds: { type: 'string' },
      jobs: { type: 'string' },
      conditions: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  const [name] = positionals;
  const bench = name !== undefined && Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (!bench || positionals.length !== 1) {
    const list = Object.entries(BENCHES).map(([each, { what }]) => `  ${each.padEnd(18)} ${what}`);
    console.error(['usage: npm run bench -- NAME [--json] [--quick] [--keep]', '', ...list].join('\n'));
    return 2;
  }
  const refused = refusal(name ?? '', bench, values);
  if (refused !== undefined) {
    console.error(refused);
    return 2;
  }
  const wishes = wishesSchema.parse(values);
  const { result, machine } = await observingMachine(() => bench.measure(values.quick, wishes));
  const measured = { machine, ...result };
  if (values.json) console.log(JSON.stringify(measured));
  else if (result.table !== undefined) console.log(result.table);
  else report(measured);
  if (values.keep) {
    const file = bench.takesLength ? `${name}-seed-${wishes.seed}` : `${name}`;
    const command = result.command ?? ['npm run bench --', ...args].join(' ');
    // Long lists of words stay out of the table.
    const kept = Object.entries(measured).filter(([key]) => !['callsByName', 'refusals', 'faults'].includes(key));
    const path =
      result.table === undefined
        ? keepResult(file, command, bench.what, bench.takesLength ? Object.fromEntries(kept) : measured)
        : keepTable(file, command, bench.what, result.table, result.note);
    console.error(`kept in ${path}`);
  }
  for (const broken of result.broken ?? []) console.error(`broken: ${broken}`);
  return (result.broken ?? []).length > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
