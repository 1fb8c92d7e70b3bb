/**
 * The progress of a headless human-in-the-loop session, kept in a file of the project folder, so that a session can be
 * resumed.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { observationKindSchema } from '../../api/observation.ts';
import { algorithmSchema, presetSchema, recipeSchema } from '../../api/run.ts';
import { taskIdSchema } from '../../api/task.ts';
import { NO_ROBOT_TIME, robotTimeSchema } from '../robot-time.ts';

/**
 * Attempts at demonstrations and online episodes share one axis of seeds. Online episodes begin at this index, and
 * there are no more attempts than this, so that no seed is used twice.
 */
export const FIRST_ONLINE_INDEX = 1000;

const roundSchema = z
  .object({
    name: z.string(),
    /** Success without help on the selection seeds; on the report seeds for a report. */
    successRate: z.number(),
    ci95: z.tuple([z.number(), z.number()]).readonly(),
    meanSteps: z.number(),
    /** Share of human steps in the training episodes of the round; 0 without any. */
    interventionRate: z.number(),
    /** Share of the training episodes of the round that were solved without help. */
    unaidedRate: z.number(),
    /** Training episodes so far. */
    episodes: z.int(),
    wallSec: z.number(),
    /** Robot time so far. Sessions from before it was recorded lack it. */
    robotTime: robotTimeSchema.optional(),
    policy: z.string(),
    /** Number of evaluation episodes, the acting noise in them, and the simulated time of all of them. */
    evaluation: z.object({ episodes: z.int(), noiseStd: z.number(), robotSec: z.number().optional() }).readonly(),
  })
  .readonly();
export type HilRound = z.infer<typeof roundSchema>;

/** The part of a training episode that a round's summary needs. */
const trainedSchema = z.object({ steps: z.int(), humanSteps: z.int(), unaidedSuccess: z.boolean() }).readonly();

/** Every setting that changes what a session measures, except its length: a resumed session has the same plan. */
export const hilPlanSchema = z.object({
  seed: z.int(),
  demos: z.int(),
  task: taskIdSchema.default('insert'),
  observation: observationKindSchema,
  algorithm: algorithmSchema.default('conrft'),
  preset: presetSchema,
  /** A recipe's settings replace the preset's. */
  recipe: recipeSchema.optional(),
  /** No offline stage: the online stage begins with fresh weights and the demonstrations in the demo buffer. */
  scratch: z.boolean().default(false),
  /** Settings of the algorithm that differ from the preset's. */
  settings: z.record(z.string(), z.json()).readonly().default({}),
  /** Name of an encoder that ships, or path of a manifest. Default: the cell's encoder. */
  encoder: z.string().optional(),
  /** Number of corrected episodes per round. */
  round: z.int().default(40),
  /** Number of episodes that choose a checkpoint, each round. */
  selectionEpisodes: z.int().default(30),
  /** Standard deviation of the acting noise in evaluations. */
  noise: z.number().default(0.1),
  /** Standard deviation of the acting noise in training episodes. */
  trainingNoise: z.number().default(0),
});
export type HilPlan = z.infer<typeof hilPlanSchema>;

const stateSchema = hilPlanSchema.extend({
  // There are no defaults here: the settings of a stored session must not be guessed.
  round: z.int(),
  selectionEpisodes: z.int(),
  noise: z.number(),
  trainingNoise: z.number(),
  /** Attempts at demonstrations, with failed ones: the index of the next seed. */
  demoAttempts: z.int(),
  demosDone: z.int(),
  /** The newest episode that counts, also of those from before the session; 0 = none. */
  newestEpisodeId: z.int(),
  offlineRunId: z.int().optional(),
  onlineRunId: z.int().optional(),
  /** Number of online episodes recorded to their end. */
  onlineEpisodes: z.int(),
  /** The newest episode that was granted to the trainer; 0 = none. */
  grantedEpisodeId: z.int().default(0),
  /** Newest event that the grant let the trainer read. An interrupted session grants the same again. */
  grantedSequence: z.int().optional(),
  /** The policy of the next online episode; undefined before the first block. */
  policy: z.string().optional(),
  /** Online episodes since the last round was closed. */
  openRound: z.array(trainedSchema).readonly().default([]),
  rounds: z.array(roundSchema),
  wallSec: z.number(),
  /** A session that was begun before it was recorded goes on without it. */
  robotTime: robotTimeSchema.optional(),
});
export type HilState = z.infer<typeof stateSchema>;

export type HilResult = ReturnType<typeof resultOf>;

/** Name of the round that ends a session. */
export const REPORT = 'report';

export const isOver = (state: HilState): boolean => state.rounds.some((round) => round.name === REPORT);

export function resultOf({ rounds, wallSec }: Pick<HilState, 'rounds' | 'wallSec'>) {
  return { rounds, wallSec, finalSuccessRate: rounds.find((round) => round.name === REPORT)?.successRate ?? 0 };
}

const FILE = 'hil.json';

export function newHilState(plan: z.input<typeof hilPlanSchema>): HilState {
  const counts = { demoAttempts: 0, demosDone: 0, newestEpisodeId: 0, onlineEpisodes: 0, grantedEpisodeId: 0 };
  return { ...hilPlanSchema.parse(plan), ...counts, openRound: [], rounds: [], wallSec: 0, robotTime: NO_ROBOT_TIME };
}

/** Returns `undefined` when the folder holds no session. Throws when the file is not the state of a session. */
export function readHilState(projectFolder: string): HilState | undefined {
  const path = join(projectFolder, FILE);
  if (!existsSync(path)) return undefined;
  try {
    return stateSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    const why = issue ? `${issue.path.join('.')}: ${issue.message}` : String(error);
    throw new Error(
      `${path} is not the state of a session (${why}). Delete it to begin anew on what is recorded, or use another --data folder.`,
    );
  }
}

export function writeHilState(projectFolder: string, state: HilState): void {
  const path = join(projectFolder, FILE);
  writeFileSync(`${path}.part`, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(`${path}.part`, path);
}
