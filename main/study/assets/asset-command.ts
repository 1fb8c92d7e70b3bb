/** Shared parts of the commands that make an encoder: their options, their progress, and the files that they write. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../api/clock.ts';
import type { EncoderManifest } from '../../api/policy.ts';
import { type HoldOutReport, printReport } from './encoder-hold-out.ts';

export interface AssetDefaults {
  /** Name of the command's file. */
  readonly command: string;
  /** The folder that ships. */
  readonly out: string;
  readonly frames: number;
  readonly epochs: number;
}

export interface AssetOptions {
  readonly cache: string;
  readonly out: string;
  readonly frames: number;
  readonly holdOut: number;
  readonly epochs: number;
  readonly seed: number;
  readonly threads: number;
}

/** Throws with the usage when an option is missing or wrong. */
export function assetOptions(defaults: AssetDefaults, args: readonly string[] = process.argv.slice(2)): AssetOptions {
  const usage = `usage: node main/study/assets/${defaults.command} --cache DIR [options]
  --cache DIR       where pictures and training state are kept
  --out DIR         where the model goes (default: the folder that ships)
  --frames N        training frames (default ${defaults.frames})
  --hold-out N      frames to measure on (default 3000)
  --epochs N        (default ${defaults.epochs})
  --seed N          of initial weights and order (default 0)
  --threads N       (default 1)`;
  const { values } = parseArgs({
    args: [...args],
    options: {
      cache: { type: 'string' },
      out: { type: 'string', default: defaults.out },
      frames: { type: 'string', default: String(defaults.frames) },
      'hold-out': { type: 'string', default: '3000' },
      epochs: { type: 'string', default: String(defaults.epochs) },
      seed: { type: 'string', default: '0' },
      threads: { type: 'string', default: '1' },
    },
  });
  const whole = (name: 'frames' | 'hold-out' | 'epochs' | 'seed' | 'threads') => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 0)
      throw new Error(`--${name} ${values[name]}: expected a whole number\n${usage}`);
    return value;
  };
  if (!values.cache) throw new Error(usage);
  return {
    cache: values.cache,
    out: values.out,
    frames: whole('frames'),
    holdOut: whole('hold-out'),
    epochs: whole('epochs'),
    seed: whole('seed'),
    threads: whole('threads'),
  };
}

export const elapsed = (sinceMs: number) => `${((systemClock.nowMs() - sinceMs) / 1000).toFixed(0)} s`;

export function sayEpoch(epoch: number, epochs: number, meanLoss: number, sinceMs: number): void {
  console.log(`epoch ${epoch}/${epochs}  loss ${meanLoss.toFixed(4)}  ${elapsed(sinceMs)}`);
}

/** Writes model and manifest, measures the written file, and writes the manifest again with what was measured. */
export async function writeMeasured(options: {
  readonly out: string;
  readonly modelFile: string;
  readonly model: Uint8Array;
  readonly manifest: (report?: HoldOutReport) => EncoderManifest;
  readonly measure: (manifestPath: string) => Promise<HoldOutReport>;
  readonly sinceMs: number;
}): Promise<void> {
  const { out, modelFile, model, manifest, sinceMs } = options;
  const manifestPath = join(out, 'manifest.json');
  const writeManifest = (report?: HoldOutReport) =>
    writeFileSync(manifestPath, `${JSON.stringify(manifest(report), undefined, 2)}\n`);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, modelFile), model);
  writeManifest();
  const report = await options.measure(manifestPath);
  writeManifest(report);
  printReport(report);
  console.log(`${join(out, modelFile)}: ${(model.length / 1e6).toFixed(2)} MB, ${elapsed(sinceMs)}`);
}
