/** How far a headless human-in-the-loop session has come, in a file of the project folder: what was done is not done again. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { observationKindSchema } from '../api/observation.ts';
import { presetSchema } from '../api/run.ts';

const roundSchema = z
  .object({
    name: z.string(),
    /** Evaluated without help, on the selection seeds (the last round: on the report seeds). */
    successRate: z.number(),
    ci95: z.tuple([z.number(), z.number()]).readonly(),
    meanSteps: z.number(),
    /** Of the training episodes of the round; 1 for demonstrations. */
    interventionRate: z.number(),
    /** Training episodes of the round that were solved without any help. */
    unaidedRate: z.number(),
    /** Training episodes so far. */
    episodes: z.int(),
    wallSec: z.number(),
    policy: z.string(),
  })
  .readonly();
export type HilRound = z.infer<typeof roundSchema>;

const stateSchema = z.object({
  seed: z.int(),
  demos: z.int(),
  observation: observationKindSchema,
  preset: presetSchema,
  /** Attempts at demonstrations made, failed ones included: the next seed. */
  demoAttempts: z.int(),
  demosDone: z.int(),
  newestEpisodeId: z.int(),
  offlineRunId: z.int().optional(),
  onlineRunId: z.int().optional(),
  /** Online episodes finished and granted to the trainer. */
  onlineEpisodes: z.int(),
  rounds: z.array(roundSchema),
  wallSec: z.number(),
});
export type HilState = z.infer<typeof stateSchema>;

const FILE = 'hil.json';

export function readHilState(projectFolder: string): HilState | undefined {
  const path = join(projectFolder, FILE);
  return existsSync(path) ? stateSchema.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
}

export function writeHilState(projectFolder: string, state: HilState): void {
  const path = join(projectFolder, FILE);
  writeFileSync(`${path}.part`, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(`${path}.part`, path);
}
