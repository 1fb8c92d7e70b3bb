/** `takeover serve`: the engine on the simulated cell, its URL printed at once, and with `--window` the operator's window. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { openStoreReader } from '../../data/reading/reader.ts';
import { readingAfter } from '../../data/recording/read-after-write.ts';
import { openStoreWriter } from '../../data/recording/writer.ts';
import { systemClock } from '../api/clock.ts';
import type { Mode } from '../api/episode.ts';
import { errorInWords, inWords } from '../api/error-words.ts';
import { type TaskId, taskIdSchema } from '../api/task.ts';
import { startEngine } from '../engine/main.ts';
import type { RunService } from '../engine/services.ts';
import { STARTER_MANIFEST } from '../models/assets.ts';
import { readEncoderManifest } from '../models/encoder-manifest.ts';
import { createClassifierService } from '../runs/classifier-service.ts';
import { ENCODER_HELP, encoderFor } from '../runs/encoder-choice.ts';
import { createExportService } from '../runs/export-service.ts';
import { launchLocalTrainer } from '../runs/launchers/local-process.ts';
import { createPolicyShelf } from '../runs/policy-catalogue.ts';
import { findPolicy, readPolicy } from '../runs/policy-registry.ts';
import { openKeptSettings } from '../runs/project-settings.ts';
import { openRunRows } from '../runs/run-rows.ts';
import { createRunService } from '../runs/run-service.ts';
import { parseVerb } from './arguments.ts';
import { ensureWindowBuilt } from './launch/build-window.ts';
import { openWindow } from './launch/open-window.ts';
import { followParent } from './launch/parent-link.ts';
import { printJson } from './output.ts';
import { DEFAULT_PORT, portSchema } from './port-option.ts';
import { threadsBeside, threadsSchema } from './threads-option.ts';

const ROOT = dirname(dirname(import.meta.dirname));
/** The shell does not start an engine again that says it must not start. */
const REFUSED = 2;

export interface ServeOptions {
  readonly data: string;
  readonly task: TaskId;
  readonly mode: Mode;
  readonly window: boolean;
  readonly json: boolean;
  readonly port: number;
  readonly policy?: string | undefined;
  /** By name or manifest; `cell` where absent. */
  readonly encoder?: string | undefined;
  /** That fine-tune; a share of the processor's where absent. */
  readonly threads?: number | undefined;
  /** The arm may move while no window watches. Default false. */
  readonly unattended?: boolean;
}

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb(
    'serve',
    {
      window: { type: 'boolean', help: 'open the window: Electron, else an installed Chrome or Chromium' },
      'no-window': { type: 'boolean', help: 'print the URL only (the default)' },
      task: { type: 'string', help: 'insert, pick-insert or lift (default insert)' },
      encoder: { type: 'string', help: ENCODER_HELP },
      policy: { type: 'string', help: 'starter, or a policy of this project (default starter)' },
      port: { type: 'string', help: `port on 127.0.0.1, 0 = any (default ${DEFAULT_PORT}, or any if it is taken)` },
      threads: { type: 'string', help: `threads that fine-tune beside the control loop (here ${threadsBeside()})` },
      demonstrate: { type: 'boolean', help: 'begin in Demonstrate mode' },
      unattended: { type: 'boolean', help: 'let the arm move while no window is open; without it the arm then holds' },
    },
    {
      window: z.boolean().default(false),
      'no-window': z.boolean().default(false),
      task: taskIdSchema.default('insert'),
      encoder: z.string().min(1).default('cell'),
      policy: z.string().min(1).optional(),
      port: portSchema.default(DEFAULT_PORT),
      threads: threadsSchema.optional(),
      demonstrate: z.boolean().default(false),
      unattended: z.boolean().default(false),
    },
    rest,
  );
  if (!options) return 0;
  const { data, task, json, port, policy, encoder, threads, unattended } = options;
  return serve({
    data,
    task,
    json,
    port,
    policy,
    encoder,
    threads,
    unattended,
    mode: options.demonstrate ? 'demonstrate' : 'run',
    window: options.window && !options['no-window'],
  });
}

/** Runs until it is asked to stop: Ctrl+C, SIGTERM, the shell, or the window being closed. */
export async function serve(options: ServeOptions): Promise<number> {
  const say = (line: string) => (options.json ? process.stderr.write(`${line}\n`) : console.log(line));
  const encoderManifestPath = encoderFor('pixels', options.encoder);
  const policyManifestPath =
    options.policy === undefined
      ? starterFor(options.task, encoderManifestPath)
      : findPolicy(options.data, options.policy).manifestPath;
  const ending = new AbortController();
  const building = ensureWindowBuilt({ root: ROOT, clock: systemClock, say, signal: ending.signal });
  // Whatever ends the session, it is taken down from here: last opened, first closed.
  await using open = new AsyncDisposableStack();
  open.defer(() => ending.abort());
  const stopped = Promise.withResolvers<void>();
  stopped.promise.catch(() => {}); // it is awaited further down
  // Signals are handled from the start: a signal during start-up is an orderly end too.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped.resolve());
  const writer = await openStoreWriter({ folder: options.data }).catch((error: unknown) => {
    console.error(`takeover serve: ${errorInWords(error)}`);
    return undefined;
  });
  if (!writer) return REFUSED;
  open.defer(() => writer.close());
  writer.onProblem((problem) => console.error(inWords(problem)));
  const reader = readingAfter(writer, await openStoreReader(options.data));
  open.defer(() => reader.close());
  const rows = open.use(openRunRows(options.data, encoderManifestPath));
  const exports = createExportService({
    ...{ projectFolder: options.data, clock: systemClock },
    stored: () => writer.drained(),
  });
  const classifiers = createClassifierService({
    ...{ projectFolder: options.data, task: options.task, observation: 'pixels', encoderManifestPath },
    ...{ writer, clock: systemClock },
  });
  const kept = openKeptSettings(options.data, options.task);
  if (kept.problem) say(`${kept.problem.message} ${kept.problem.remedy}`);
  let runService: RunService | undefined;
  const started = await startEngine({
    projectFolder: options.data,
    windowFolder: join(ROOT, 'renderer', 'dist'),
    writer,
    reader,
    encoderManifestPath,
    policyManifestPath,
    shelf: createPolicyShelf(options.data, rows),
    exports,
    classifiers,
    runs: (engine) => {
      runService = createRunService({
        projectFolder: options.data,
        clock: systemClock,
        rows,
        launch: launchLocalTrainer,
        task: options.task,
        encoderManifestPath,
        threads: options.threads ?? threadsBeside(),
        counts: async () => {
          await writer.drained();
          return writer.counts();
        },
        policyInUse: () => engine().status().policy?.name,
        policiesHeld: () => {
          const trial = engine().candidate();
          return [engine().status().policy?.name, trial?.good, trial?.candidate].filter((name) => name !== undefined);
        },
      });
      return runService;
    },
    task: options.task,
    // The simulated cell delights at once; a real arm waits for its person.
    autoStart: kept.settings.autoStart ?? true,
    ...(options.unattended === undefined ? {} : { unattended: options.unattended }),
    settings: kept.settings,
    keep: kept.keep,
    port: options.port,
  });
  open.defer(() => started.close());
  // All are closed at once, because each may have to wait for a process that does not answer.
  open.defer(async () => {
    await Promise.all([runService?.close(), exports.close(), classifiers.close()]);
  });
  if (options.mode === 'demonstrate') started.engine.setMode('demonstrate');
  if (options.json) printJson({ url: started.url });
  else say(`Takeover is at ${started.url}`);
  if (started.server.portProblem) say(started.server.portProblem);
  started.ready
    .then((answer) => {
      if (answer.kind === 'refused' && !ending.signal.aborted) say(`${answer.message} ${answer.remedy}`);
    })
    .catch(stopped.reject);
  open.defer(followParent(process, () => stopped.resolve()));
  const built = await Promise.race([building, stopped.promise]);
  if (built?.kind === 'failed') say(`${built.message} ${built.remedy}`);
  const url = () => started.server.issueUrl();
  const opening =
    options.window && built
      ? openWindow({ root: ROOT, url, clock: systemClock, say, signal: ending.signal })
      : undefined;
  open.defer(async () => {
    ending.abort();
    await (await opening)?.close();
  });
  opening
    ?.then((window) => window.ended)
    .then((end) => {
      if (end === 'closed') stopped.resolve();
    })
    .catch(stopped.reject);
  await stopped.promise;
  say('Stopping: the arm holds, what was recorded is committed.');
  return 0;
}

/** The starter, where it is a policy for this task that reads this encoder. */
function starterFor(task: TaskId, encoderManifestPath: string | undefined): string | undefined {
  if (encoderManifestPath === undefined || !existsSync(STARTER_MANIFEST)) return undefined;
  const { manifest } = readPolicy(STARTER_MANIFEST);
  const fits = manifest.task === task && manifest.encoderSha256 === readEncoderManifest(encoderManifestPath).sha256;
  return fits ? STARTER_MANIFEST : undefined;
}
