/**
 * The settings of a run, in its folder's `config.json`: written whole when it begins, and what it goes on with. A folder that was
 * prepared beforehand may name some of them. A name that this program does not have, as an older or newer one may have written it, is
 * refused with the file's path: a run that went on without the setting would be another one than what its folder says.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { MapShape } from '../../api/policy.ts';
import type { RunSpec } from '../../api/run.ts';
import { writeFileAtomically } from '../../models/atomic-files.ts';
import { type ConfiguredAlgorithm, configureAlgorithm, SettingsError } from '../algorithms/algorithm-registry.ts';
import type { RunFolder } from './run-folder.ts';
import { TrainingError } from './training-error.ts';

export function configureRun(
  spec: RunSpec,
  files: Pick<RunFolder, 'config' | 'checkpoint'>,
  /** Of the encoder's embedding. */
  maps?: MapShape,
): ConfiguredAlgorithm {
  const stored = storedSettings(files.config);
  // What a run has begun with is all there: what its spec had asked for is not asked again.
  const asked = existsSync(files.checkpoint) ? {} : (spec.settings ?? {});
  const algorithm = configureAlgorithm(spec, asked, maps);
  if (!stored) return algorithm;
  try {
    return configureAlgorithm(spec, { ...asked, ...stored }, maps);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new TrainingError(
      `${files.config}: ${error.message}`,
      'Correct that file, or take out of it what is not known, or start a new run.',
    );
  }
}

/** Undefined where there is no such file yet. */
export function storedSettings(path: string): object | undefined {
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

/** Leaves the file alone where it says the same already. */
export function keepSettings({ config: path }: Pick<RunFolder, 'config'>, settings: object): void {
  const text = `${JSON.stringify(settings, undefined, 2)}\n`;
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileAtomically(path, [Buffer.from(text)]);
}
