/**
 * The engine of a project with its services: store, runs, exports, classifiers and settings. Disposing closes them all.
 */

import { readingAfter } from '../../data/reading/read-after-write.ts';
import { openStoreReader } from '../../data/reading/reader.ts';
import type { QueuedStoreWriter } from '../../data/recording/writer.ts';
import { systemClock } from '../api/clock.ts';
import { type TaskId, taskIdSchema } from '../api/task.ts';
import type { Engine } from '../engine/engine.ts';
import { startEngine } from '../engine/main.ts';
import type { RunService } from '../engine/services.ts';
import { createClassifierService } from './jobs/classifier-service.ts';
import { createExportService } from './jobs/export-service.ts';
import { launchLocalTrainer } from './launchers/local-process.ts';
import { createPolicyCatalogue } from './policies/policy-catalogue.ts';
import { openProjectSettings } from './project-settings.ts';
import { openRunRows, type RunRows } from './run-rows.ts';
import { createRunService } from './run-service.ts';

export interface ProjectEngineOptions {
  readonly projectFolder: string;
  /** The built window, which the engine serves. */
  readonly windowFolder: string;
  /** Stays the caller's to close, after the engine. */
  readonly writer: QueuedStoreWriter;
  /** The task to begin with. */
  readonly task: TaskId;
  readonly encoderManifestPath: string | undefined;
  readonly policyManifestPath: string | undefined;
  /** Threads that fine-tune beside the control loop. */
  readonly threads: number;
  readonly port: number;
  /** The arm may move while no window is open. */
  readonly unattended: boolean | undefined;
  readonly say: (line: string) => void;
}

export async function startProjectEngine(options: ProjectEngineOptions) {
  const { projectFolder, writer, task, encoderManifestPath } = options;
  // Last opened, first closed; also when a later part cannot be opened.
  await using open = new AsyncDisposableStack();
  const reader = readingAfter(writer, await openStoreReader(projectFolder));
  open.defer(() => reader.close());
  const rows = open.use(openRunRows(projectFolder, encoderManifestPath));
  const exports = createExportService({ projectFolder, clock: systemClock, stored: () => writer.drained() });
  let madeEngine: (() => Engine) | undefined;
  const chosenTask = () => taskIdSchema.parse(madeEngine?.().rig().task ?? task);
  const pixels = { task: chosenTask, observation: 'pixels', encoderManifestPath } as const;
  const classifiers = createClassifierService({ projectFolder, ...pixels, writer, clock: systemClock });
  const kept = openProjectSettings(projectFolder, task);
  if (kept.problem) options.say(`${kept.problem.message} ${kept.problem.remedy}`);
  let runs: RunService | undefined;
  const started = await startEngine({
    projectFolder,
    windowFolder: options.windowFolder,
    writer,
    reader,
    encoderManifestPath,
    policyManifestPath: options.policyManifestPath,
    shelf: createPolicyCatalogue(projectFolder, rows, encoderManifestPath),
    exports,
    classifiers,
    runs: (engine) => {
      madeEngine = engine;
      runs = runsOf(engine, rows, chosenTask, options);
      return runs;
    },
    task,
    // The simulated cell starts at once. A real arm waits for its operator.
    autoStart: kept.settings.autoStart ?? true,
    ...(options.unattended !== undefined && { unattended: options.unattended }),
    settings: kept.settings,
    keep: kept.keep,
    keptSuccess: kept.successOf,
    port: options.port,
  });
  open.defer(() => started.close());
  // All are closed at once, because each may have to wait for a process that does not answer.
  open.defer(async () => {
    await Promise.all([runs?.close(), exports.close(), classifiers.close()]);
  });
  const owned = open.move();
  const { engine, server, url, ready } = started;
  return { engine, server, url, ready, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function runsOf(engine: () => Engine, rows: RunRows, task: () => TaskId, options: ProjectEngineOptions): RunService {
  const { projectFolder, writer, encoderManifestPath, threads } = options;
  return createRunService({
    projectFolder,
    clock: systemClock,
    rows,
    launch: launchLocalTrainer,
    task,
    encoderManifestPath,
    threads,
    counts: async (of) => {
      await writer.drained();
      return writer.counts(of);
    },
    policyInUse: () => engine().status().policy?.name,
    policiesHeld: () => {
      const trial = engine().candidate();
      return [engine().status().policy?.name, trial?.good, trial?.candidate].filter((name) => name !== undefined);
    },
  });
}
