/**
 * The settings of a run, in `config.json` of its folder. They are written whole when the run begins, and read when it
 * resumes. A folder that was prepared beforehand may name some of them. An unknown name is refused with the file's
 * path, because a run without that setting would differ from what its folder says.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { MapShape } from '../../api/policy.ts';
import type { RunSpec } from '../../api/run.ts';
import { writeFileAtomically } from '../../models/atomic-files.ts';
import { type ConfiguredAlgorithm, SettingsError } from '../algorithms/algorithm-registry.ts';
import { configureSpec } from '../recipes/configure-spec.ts';
import type { RunFolder } from './run-folder.ts';
import { TrainingError } from './training-error.ts';

/** `maps` is the shape of the encoder's embedding. */
export function configureRun(
  spec: RunSpec,
  files: Pick<RunFolder, 'config' | 'checkpoint'>,
  maps?: MapShape,
): ConfiguredAlgorithm {
  const stored = storedSettings(files.config);
  // A resumed run keeps its stored settings and ignores the ones in the spec.
  const asked = existsSync(files.checkpoint) ? {} : (spec.settings ?? {});
  const algorithm = configureSpec(spec, asked, maps);
  if (!stored) return algorithm;
  try {
    // The settings of a run that has begun are whole. They say by themselves how its nets read the maps.
    return configureSpec(spec, { ...asked, ...stored }, existsSync(files.checkpoint) ? undefined : maps);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new TrainingError(
      `${files.config}: ${error.message}`,
      'Correct that file, or take out of it what is not known, or start a new run.',
    );
  }
}

/** Returns `undefined` when the file does not exist yet. */
function storedSettings(path: string): object | undefined {
  if (!existsSync(path)) return undefined;
  let stored: unknown;
  try {
    stored = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : String(error));
  }
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) throw unreadable(path, 'no object');
  return stored;
}

const unreadable = (path: string, why: string) =>
  new TrainingError(`${path} holds no settings (${why})`, 'Remove it to begin with the preset, or start a new run.');

/** Writes the settings, unless the file holds the same already. */
export function keepSettings({ config: path }: Pick<RunFolder, 'config'>, settings: object): void {
  const text = `${JSON.stringify(settings, undefined, 2)}\n`;
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileAtomically(path, [Buffer.from(text)]);
}
