/**
 * Makes the starters, the policies that ship: `node main/study/assets/make-starter.ts --data DIR [--task TASK]`. Records
 * twenty scripted demonstrations on training seeds. Then runs ConRFT's offline stage of the preset `cell` on pixels
 * without the Cal-QL term, which is imitation. It stops early on purpose, so that the policy is good enough to try and
 * bad enough to correct. Measures the policy on selection seeds, and writes what it measured into the manifest, unless
 * `--measure 0` is given.
 */
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../api/clock.ts';
import { type MadeFrom, madeFromInWords } from '../../api/policy.ts';
import { type TaskId, taskIdSchema } from '../../api/task.ts';
import { exportPolicy, readPolicy } from '../../learn/policies/export-policy.ts';
import { CELL_ENCODER_MANIFEST, starterManifestFor, starterNameFor } from '../../models/assets.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';
import { startForegroundRun } from '../../runs/foreground-run.ts';
import { recordDemonstrations } from '../demonstrations.ts';
import { evaluate } from '../evaluation.ts';
import { openSession } from '../session.ts';

const DEMONSTRATIONS = 20;
/** Updates after which imitation sometimes succeeds. A grasp takes longer to learn than an insertion. */
const UPDATES: Readonly<Record<TaskId, number>> = { insert: 70, 'pick-insert': 2000, lift: 400 };
/** Seed of the run. Demonstrations of other runs are other episodes. */
const RUN_SEED = 900;
const USAGE = `usage: node main/study/assets/make-starter.ts --data DIR [options]
  --data DIR     empty folder; a project for each task is recorded and trained on below it
  --task TASK    insert, pick-insert or lift (default: all, one after the other)
  --out DIR      where the policy of the task goes (default: the folder that ships)
  --updates N    actor updates (default ${taskIdSchema.options.map((task) => `${task} ${UPDATES[task]}`).join(', ')})
  --measure N    episodes on selection seeds (default 50)`;

interface Options {
  readonly data: string;
  readonly tasks: readonly TaskId[];
  readonly out: string | undefined;
  readonly updates: number | undefined;
  readonly measure: number;
}

function options(): Options {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      task: { type: 'string' },
      out: { type: 'string' },
      updates: { type: 'string' },
      measure: { type: 'string', default: '50' },
    },
  });
  const task = taskIdSchema.optional().safeParse(values.task);
  const updates = values.updates === undefined ? undefined : Number(values.updates);
  const measure = Number(values.measure);
  const isCount = (value: number, least: number) => Number.isInteger(value) && value >= least;
  const usable = values.data && task.success && isCount(updates ?? 1, 1) && isCount(measure, 0);
  if (!values.data || !usable) throw new Error(USAGE);
  // One folder cannot hold the policies of several tasks.
  if (values.out !== undefined && task.data === undefined) throw new Error(`--out needs --task\n${USAGE}`);
  return {
    data: values.data,
    tasks: task.data ? [task.data] : taskIdSchema.options,
    out: values.out,
    updates,
    measure,
  };
}

/** Returns the manifest of the policy after `updates` updates on the recorded demonstrations. */
async function imitate(projectFolder: string, task: TaskId, updates: number): Promise<string> {
  const run = await startForegroundRun({
    projectFolder,
    spec: {
      algorithm: 'conrft',
      preset: 'cell',
      stage: 'offline',
      task,
      observation: 'pixels',
      seed: RUN_SEED,
      steps: updates,
      // After so few updates, an average would be mostly the initial weights.
      settings: { averageTau: 1, offline: { alpha: 0 } },
    },
    threads: 1,
    encoderManifestPath: CELL_ENCODER_MANIFEST,
    warn: console.error,
  });
  const { policy } = await run.result(() => {});
  if (!policy) throw new Error('the trainer has published no policy');
  return policy.manifestPath;
}

async function measureAlone(projectFolder: string, manifestPath: string, episodes: number) {
  const { manifest } = readPolicy(manifestPath);
  const { task, name, actingNoiseStd } = manifest;
  const policy = { name, manifestPath };
  const setup = { projectFolder, task, observation: 'pixels', record: false, policy, actingNoiseStd } as const;
  await using session = await openSession(setup);
  // Awaited here, because the session must outlive the measurement.
  const alone = await evaluate(
    (seed) => session.episode(seed, 'alone'),
    'selection',
    episodes,
    (done, { successes }) => {
      if (done % 10 === 0) console.log(`${task}: ${done}/${episodes} episodes, ${successes} solved`);
    },
  );
  const { successes, ci95 } = alone;
  return { successes, episodes: alone.episodes, range: [ci95[0], ci95[1]] as const, actingNoiseStd };
}

/** Records, trains and measures the starter of one task, and writes it to `out`. */
async function makeStarter(task: TaskId, { data, out, measure, ...given }: Options): Promise<void> {
  const startMs = systemClock.nowMs();
  const project = join(data, task);
  const updates = given.updates ?? UPDATES[task];
  const demonstrations = { task, observation: 'pixels', seed: RUN_SEED, count: DEMONSTRATIONS } as const;
  await recordDemonstrations({ projectFolder: project, ...demonstrations });
  console.log(`${task}: ${DEMONSTRATIONS} demonstrations`);
  const manifestPath = await imitate(project, task, updates);
  const measured = measure > 0 ? await measureAlone(project, manifestPath, measure) : undefined;
  const madeFrom: MadeFrom = { demonstrations: DEMONSTRATIONS, updates, ...(measured && { measured }) };
  const { graph, weights, manifest } = readPolicy(manifestPath);
  const { graph: _graph, weights: _weights, kind: _kind, ...rest } = manifest;
  if (manifest.encoderSha256 !== readEncoderManifest(CELL_ENCODER_MANIFEST).sha256)
    throw new Error('the policy was trained on another encoder than the one that ships');
  const folder = out ?? dirname(starterManifestFor(task));
  exportPolicy(folder, { ...rest, name: starterNameFor(task), trainedSteps: updates, madeFrom }, graph, weights);
  console.log(`${starterNameFor(task)}: ${madeFromInWords(madeFrom)}; ${weights.length} weights in ${folder}`);
  if (measured) {
    const [low, high] = measured.range.map((value) => `${Math.round(100 * value)} %`);
    console.log(`${task}: 95 % interval ${low} – ${high}, acting noise ${measured.actingNoiseStd}`);
  }
  console.log(`${task}: ${((systemClock.nowMs() - startMs) / 1000).toFixed(0)} s`);
}

async function main(): Promise<void> {
  const given = options();
  for (const task of given.tasks) await makeStarter(task, given);
}

if (import.meta.main) await main();
