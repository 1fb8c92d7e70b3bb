/** `--settings`, as several verbs have it: what the algorithm does not take is refused before anything is recorded or started. */

import { UsageError } from '../api/error-words.ts';
import type { RunSpec } from '../api/run.ts';
import { SettingsError } from '../learn/algorithms/algorithm-registry.ts';
import { configureSpec } from '../learn/recipes/recipe-registry.ts';
import { readEncoderManifest } from '../models/encoder-manifest.ts';

type Asked = Pick<RunSpec, 'algorithm' | 'preset' | 'settings'> & {
  readonly recipe?: RunSpec['recipe'] | undefined;
};

export function checkSettings({ algorithm, preset, recipe, settings }: Asked, encoderManifestPath?: string): void {
  const maps = encoderManifestPath === undefined ? undefined : readEncoderManifest(encoderManifestPath).maps;
  try {
    configureSpec({ algorithm, preset, ...(recipe && { recipe }) }, settings, maps);
  } catch (error) {
    if (!(error instanceof SettingsError || error instanceof RangeError)) throw error;
    throw new UsageError(error.message);
  }
}
