/**
 * Makes the policy that ships: `node main/study/assets/make-starter.ts --data DIR`. Twenty demonstrations by the scripted operator
 * (training seeds), then ConRFT's offline stage of the preset `cell` (β = 1, η = 0: imitation) on pixels, stopped early on
 * purpose, so that it is good enough to try and bad enough to correct. Measured on selection seeds; with `--measure 0` not at all.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../api/clock.ts';
import { inWords } from '../../api/error-words.ts';
import type { RunSpec } from '../../api/run.ts';
import { episodeSeed } from '../../api/task.ts';
import { exportPolicy, readPolicy } from '../../learn/policies/export-policy.ts';
import { CELL_ENCODER_MANIFEST, STARTER_MANIFEST } from '../../models/assets.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';
import { limitNow } from '../../runs/launchers/granted-trainer.ts';
import { launchLocalTrainer } from '../../runs/launchers/local-process.ts';
import { openRunRows } from '../../runs/run-rows.ts';
import { type Evaluation, evaluate } from '../evaluation.ts';
import { episodeOf, openSession } from '../session.ts';

const DEMONSTRATIONS = 20;
const UPDATES = 70;
/** Its part of the training range: another run's demonstrations are other episodes. */
const RUN_SEED = 900;
const TASK = 'insert';
const USAGE = `usage: node main/study/assets/make-starter.ts --data DIR [options]
  --data DIR     empty folder for the project that is recorded and trained on
  --out DIR      where the policy goes (default: the folder that ships)
  --updates N    actor updates (default ${UPDATES})
  --measure N    episodes on selection seeds (default 50)`;

function options() {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      out: { type: 'string', default: dirname(STARTER_MANIFEST) },
      updates: { type: 'string', default: String(UPDATES) },
      measure: { type: 'string', default: '50' },
    },
  });
  const [updates, measure] = [Number(values.updates), Number(values.measure)];
  if (!values.data || !Number.isInteger(updates) || updates < 1 || !Number.isInteger(measure) || measure < 0)
    throw new Error(USAGE);
  return { data: values.data, out: values.out, updates, measure };
}

async function recordDemonstrations(projectFolder: string): Promise<void> {
  const policy = { kind: 'process' } as const;
  await using session = await openSession({ projectFolder, task: TASK, observation: 'pixels', record: true, policy });
  let recorded = 0;
  for (let attempt = 0; recorded < DEMONSTRATIONS; attempt++) {
    const episode = episodeOf(await session.rig.episode(episodeSeed('training', attempt, RUN_SEED), 'demonstrate'));
    if (episode.outcome === 'success') recorded++;
    else session.writer?.discardEpisode(episode.id);
  }
  await session.writer?.drained();
}

/** The manifest of the policy after `updates` updates on what was recorded. */
async function imitate(projectFolder: string, updates: number): Promise<string> {
  const spec: RunSpec = {
    algorithm: 'conrft',
    preset: 'cell',
    stage: 'offline',
    task: TASK,
    observation: 'pixels',
    seed: RUN_SEED,
    steps: updates,
    // an average over so few updates is mostly the weights that it began with
    settings: { averageTau: 1, offline: { alpha: 0 } },
  };
  const rows = openRunRows(projectFolder);
  const runId = await rows.createRun(spec);
  const trainer = launchLocalTrainer({
    projectFolder,
    runId,
    spec,
    threads: 1,
    pace: 'granted',
    encoderManifestPath: CELL_ENCODER_MANIFEST,
  });
  let manifestPath: string | undefined;
  let failure: string | undefined;
  trainer.onMessage((message) => {
    if (message.kind === 'failed') failure = inWords(message);
    if (message.kind !== 'block') return;
    manifestPath = message.manifestPath;
    trainer.send({ kind: 'finish' });
  });
  trainer.send({ kind: 'grant', ...(await limitNow(projectFolder)), updates });
  const end = await trainer.ended;
  await rows.close();
  if (manifestPath === undefined) throw new Error(failure ?? `the trainer ended: ${end.lastWords.trim()}`);
  return manifestPath;
}

async function measureAlone(
  projectFolder: string,
  manifestPath: string,
  episodes: number,
  noise: number,
): Promise<Evaluation> {
  const policy = { kind: 'process' } as const;
  await using session = await openSession({
    ...{ projectFolder, task: TASK, observation: 'pixels', record: false, policy },
    actingNoiseStd: noise,
  });
  const used = await session.rig.engine.usePolicy('starter', manifestPath);
  if (used.kind === 'refused') throw new Error(`${used.message} ${used.remedy}`);
  // Awaited here: the session must outlive the measurement.
  return await evaluate(
    async (seed) => episodeOf(await session.rig.episode(seed, 'alone')),
    'selection',
    episodes,
    (done, soFar) => {
      if (done % 10 === 0) console.log(`${done}/${episodes} episodes, ${soFar.successes} solved`);
    },
  );
}

async function main(): Promise<void> {
  const { data, out, updates, measure } = options();
  const startMs = systemClock.nowMs();
  await recordDemonstrations(data);
  console.log(`${DEMONSTRATIONS} demonstrations`);
  const trained = readPolicy(await imitate(data, updates));
  const { graph: _graph, weights: _weights, kind: _kind, ...manifest } = trained.manifest;
  if (manifest.encoderSha256 !== readEncoderManifest(CELL_ENCODER_MANIFEST).sha256)
    throw new Error('the policy was trained on another encoder than the one that ships');
  const manifestPath = exportPolicy(
    out,
    { ...manifest, name: 'starter', trainedSteps: updates },
    trained.graph,
    trained.weights,
  );
  console.log(
    `${readFileSync(manifestPath, 'utf8').length} bytes of manifest, ${trained.weights.length} weights in ${out}`,
  );
  if (measure > 0) {
    const { successes, episodes, ci95, meanSteps } = await measureAlone(
      data,
      manifestPath,
      measure,
      manifest.actingNoiseStd,
    );
    console.log(
      `${successes} of ${episodes} alone on selection seeds (95 % interval ${ci95.map((value) => `${Math.round(100 * value)} %`).join(' – ')}), ` +
        `${meanSteps.toFixed(1)} steps where it succeeded, acting noise ${manifest.actingNoiseStd}`,
    );
  }
  console.log(`${((systemClock.nowMs() - startMs) / 1000).toFixed(0)} s`);
}

if (import.meta.main) await main();
