/**
 * Settings of ConRFT. `paper` and `released-code` are what they say (Chen et al. 2025, arXiv 2502.05450; cccedric/conrft).
 * `cell` is ConRFT for the simulated cell, with the Cal-QL term: offline, and online too, where it fades over some forty episodes; the paper
 * has it offline alone, the design page nowhere. Besides, a Monte-Carlo floor under the target, uncut at takeovers; η = 0 while the
 * critics are young; a running average of the weights acts; a person's steps alone are imitated; 128-wide nets; acting noise.
 * What term, floor and average are worth is measured by `takeover compare` (`main/study/comparison/methods.ts`).
 */
import { z } from 'zod';
import type { PresetName } from '../../api/run.ts';
import { settingsObject } from '../policies/settings-object.ts';

const stageConfigSchema = settingsObject({
  /** β: weight of the imitation loss. */
  beta: z.number().min(0),
  /** η: weight of the Q loss. */
  eta: z.number().min(0),
  /** α: weight of the Cal-QL term; 0 leaves it out of the graph. */
  alpha: z.number().min(0),
  /** Critic updates per actor update; the actor's comes with the last of them. */
  criticUpdates: z.int().positive(),
}).readonly();

export const configSchema = settingsObject({
  hidden: z.array(z.int().positive()).min(1).readonly(),
  /** E */
  critics: z.int().positive(),
  /** Width of Dense → LayerNorm → tanh over the proprioception; 0 = none. */
  proprioceptionFeatures: z.int().min(0),
  /** γ */
  discount: z.number().min(0).max(1),
  /** τ */
  tau: z.number().min(0).max(1),
  learningRate: z.number().positive(),
  batchSize: z.int().positive(),
  /** Share of an online batch that comes from the demo buffer. */
  demoShare: z.number().min(0).max(1),
  /** N of each of three sources: random, π(s), π(s′). */
  calQlActions: z.int().positive(),
  /** `cut`: no floor under policy steps before a takeover, whose return contains the human's rescue. */
  mcFloor: z.enum(['off', 'uncut', 'cut']),
  /** η is 0 until the critics have had so many updates. */
  criticWarmupUpdates: z.int().min(0),
  offline: stageConfigSchema,
  online: stageConfigSchema,
  /** Online, α falls linearly to 0 over so many actor updates of a run; 0 = it stays. */
  alphaDecayUpdates: z.int().min(0).default(0),
  /** Actor updates of an offline run that names no number. */
  offlineSteps: z.int().positive(),
  /** Online: actor updates per environment step, once the RL buffer holds `trainingStarts` transitions. */
  actorUpdatesPerStep: z.number().positive(),
  trainingStarts: z.int().min(0),
  /** Share of the newest weights in the running average that acts, per actor update; 1 = the newest weights act. */
  averageTau: z.number().positive().max(1).default(1),
  /** Weight of the policy's own steps as imitation targets, relative to the human's. */
  policyImitation: z.number().min(0).max(1),
  /** Standard deviation of the acting noise that published policies ask for. */
  actingNoiseStd: z.number().min(0),
  /** n: steps summed into one reward before the target bootstraps. */
  nStep: z.int().positive(),
}).readonly();
export type ConrftConfig = z.infer<typeof configSchema>;

const paper: ConrftConfig = {
  hidden: [256, 256], // paper
  critics: 2, // paper
  proprioceptionFeatures: 64, // released code
  discount: 0.98, // released code
  tau: 0.005, // paper
  learningRate: 3e-4, // paper
  batchSize: 256, // paper
  demoShare: 0.5, // paper
  calQlActions: 10, // released code
  mcFloor: 'off',
  criticWarmupUpdates: 0,
  offline: { beta: 1, eta: 0.1, alpha: 0.01, criticUpdates: 2 }, // paper; cta ratio 2 from the released code
  online: { beta: 0.5, eta: 1, alpha: 0, criticUpdates: 2 }, // paper
  alphaDecayUpdates: 0,
  offlineSteps: 20_000, // released scripts
  actorUpdatesPerStep: 1, // theirs runs free of the robot; one per step is this program's choice
  trainingStarts: 100, // released code
  averageTau: 1,
  policyImitation: 1,
  actingNoiseStd: 0,
  nStep: 1,
};

export const PRESETS: Readonly<Record<PresetName, ConrftConfig>> = {
  paper,
  'released-code': {
    ...paper,
    offline: { beta: 1, eta: 0, alpha: 0.1, criticUpdates: 2 }, // released scripts
    online: { beta: 0.1, eta: 1, alpha: 0, criticUpdates: 2 }, // released scripts
  },
  cell: {
    ...paper,
    hidden: [128, 128], // measured: 256 overfits twenty demonstrations
    proprioceptionFeatures: 0,
    calQlActions: 4, // cost
    mcFloor: 'uncut', // measured: with the Cal-QL term, cutting it at takeovers gains nothing
    criticWarmupUpdates: 1000, // measured: a young critic pulls the policy off the data
    offline: { beta: 1, eta: 0, alpha: 0.1, criticUpdates: 1 },
    online: { beta: 0.5, eta: 1, alpha: 0.1, criticUpdates: 2 }, // measured: without the term it loses what it imitated before it gains
    alphaDecayUpdates: 1600, // some forty episodes; measured: over ten it loses all the same, and for ever it stays slow
    offlineSteps: 1000,
    averageTau: 0.01, // measured: single weights are luck where a peg has half a millimetre
    policyImitation: 0, // measured: what a person has to correct is no example
    actingNoiseStd: 0.1, // measured: frees a policy that is stuck on the rim
  },
};
