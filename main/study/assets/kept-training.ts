/** The state of a training in one file of the cache, so that the same command goes on after a stop. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SupervisedState } from '../../learn/encoders/supervised-training.ts';
import { bytesOf, floatsOf, writeFileAtomically } from '../../models/atomic-files.ts';

export interface KeptTraining {
  read(): SupervisedState | undefined;
  write(state: SupervisedState): void;
  /** Call it when the weights are final. */
  remove(): void;
}

/** `settings`: everything that the weights depend on. Each settings have their own file. */
export function keptTraining(folder: string, settings: unknown): KeptTraining {
  const key = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
  const path = join(folder, `training-${key}.bin`);
  return {
    read: () => {
      if (!existsSync(path)) return undefined;
      const all = floatsOf(readFileSync(path));
      const count = (all.length - 1) / 3;
      const part = (index: number) => all.slice(1 + index * count, 1 + (index + 1) * count);
      return { epoch: all[0]!, parameters: part(0), mean: part(1), variance: part(2) };
    },
    write: ({ epoch, parameters, mean, variance }) =>
      writeFileAtomically(path, [Float32Array.of(epoch), parameters, mean, variance].map(bytesOf)),
    remove: () => rmSync(path, { force: true }),
  };
}
