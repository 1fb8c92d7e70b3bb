/**
 * Makes the policy that ships: `node main/study/assets/make-starter.ts --data DIR`. Records twenty scripted
 * demonstrations on training seeds. Then runs ConRFT's offline stage of the preset `cell` on pixels without the Cal-QL
 * term, which is imitation. It stops early on purpose, so that the policy is good enough to try and bad enough to
 * correct. Measures the policy on selection seeds, unless `--measure 0` is given.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../api/clock.ts';
import { exportPolicy, readPolicy } from '../../learn/policies/export-policy.ts';
import { CELL_ENCODER_MANIFEST, STARTER_MANIFEST } from '../../models/assets.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';
import { startForegroundRun } from '../../runs/foreground-run.ts';
import { recordDemonstrations } from '../demonstrations.ts';
import { evaluate } from '../evaluation.ts';
import { openSession } from '../session.ts';

const DEMONSTRATIONS = 20;
const UPDATES = 70;
/** Seed of the run. Demonstrations of other runs are other episodes. */
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

/** Returns the manifest of the policy after `updates` updates on the recorded demonstrations. */
async function imitate(projectFolder: string, updates: number): Promise<string> {
  const run = await startForegroundRun({
    projectFolder,
    spec: {
      algorithm: 'conrft',
      preset: 'cell',
      stage: 'offline',
      task: TASK,
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

async function measureAlone(projectFolder: string, manifestPath: string, episodes: number, actingNoiseStd: number) {
  const policy = { name: 'starter', manifestPath };
  const setup = { projectFolder, task: TASK, observation: 'pixels', record: false, policy, actingNoiseStd } as const;
  await using session = await openSession(setup);
  // Awaited here, because the session must outlive the measurement.
  return await evaluate(
    (seed) => session.episode(seed, 'alone'),
    'selection',
    episodes,
    (done, { successes }) => {
      if (done % 10 === 0) console.log(`${done}/${episodes} episodes, ${successes} solved`);
    },
  );
}

async function main(): Promise<void> {
  const { data, out, updates, measure } = options();
  const startMs = systemClock.nowMs();
  const demonstrations = { task: TASK, observation: 'pixels', seed: RUN_SEED, count: DEMONSTRATIONS } as const;
  await recordDemonstrations({ projectFolder: data, ...demonstrations });
  console.log(`${DEMONSTRATIONS} demonstrations`);
  const trained = readPolicy(await imitate(data, updates));
  const { graph: _graph, weights: _weights, kind: _kind, ...manifest } = trained.manifest;
  if (manifest.encoderSha256 !== readEncoderManifest(CELL_ENCODER_MANIFEST).sha256)
    throw new Error('the policy was trained on another encoder than the one that ships');
  const { graph, weights } = trained;
  const manifestPath = exportPolicy(out, { ...manifest, name: 'starter', trainedSteps: updates }, graph, weights);
  console.log(`${readFileSync(manifestPath, 'utf8').length} bytes of manifest, ${weights.length} weights in ${out}`);
  if (measure > 0) {
    const alone = await measureAlone(data, manifestPath, measure, manifest.actingNoiseStd);
    const { successes, episodes, ci95, meanSteps } = alone;
    console.log(
      `${successes} of ${episodes} alone on selection seeds (95 % interval ${ci95.map((value) => `${Math.round(100 * value)} %`).join(' – ')}), ` +
        `${meanSteps.toFixed(1)} steps where it succeeded, acting noise ${manifest.actingNoiseStd}`,
    );
  }
  console.log(`${((systemClock.nowMs() - startMs) / 1000).toFixed(0)} s`);
}

if (import.meta.main) await main();
