/**
 * Settings of ConRFT. The presets `paper` and `released-code` follow Chen et al. 2025 (arXiv 2502.05450) and cccedric/conrft.
 * `cell` is this program's own, for the simulated cell. It has the Cal-QL term online too, where it fades to a half over some
 * forty episodes, and a Monte-Carlo floor under the target, uncut at takeovers. η is 0 while the critics are young, a running average
 * of the weights acts, and only a person's steps are imitated. The gripper is a choice of its own. The nets are 128 wide, and
 * acting adds noise. The actor stands still in critic-only updates.
 * `takeover compare` measures the worth of term, floor and average (`main/study/comparison/methods.ts`).
 */
import { z } from 'zod';
import type { PresetName } from '../../../api/run.ts';
import { settingsObject } from '../../policies/settings-object.ts';
import { spatialSchema } from '../spatial-settings.ts';

const stageConfigSchema = settingsObject({
  /** β: weight of the imitation loss. */
  beta: z.number().min(0),
  /** η: weight of the Q loss. */
  eta: z.number().min(0),
  /** α: weight of the Cal-QL term; 0 leaves it out of the graph. */
  alpha: z.number().min(0),
  /** C: critic updates per actor update, which goes with the last of them. */
  criticUpdates: z.int().positive(),
}).readonly();

export const configSchema = settingsObject({
  hidden: z.array(z.int().positive()).min(1).readonly(),
  /** E */
  critics: z.int().positive(),
  /** Width of Dense → LayerNorm → tanh over the proprioception; 0 = none. */
  proprioceptionFeatures: z.int().min(0),
  /** The embedding holds maps of a frozen trunk; absent = it is a vector. */
  spatial: spatialSchema.optional(),
  /** γ */
  discount: z.number().min(0).max(1),
  /** τ */
  tau: z.number().min(0).max(1),
  learningRate: z.number().positive(),
  batchSize: z.int().positive(),
  /** Share of an online batch that comes from the demo buffer. */
  demoShare: z.number().min(0).max(1),
  /** N: actions from each of three sources, which are random, π(s) and π(s′). */
  calQlActions: z.int().positive(),
  /** `cut`: no floor under policy steps before a takeover, because their return contains the person's rescue. */
  mcFloor: z.enum(['off', 'uncut', 'cut']),
  /** η is 0 during this many critic updates. */
  criticWarmupUpdates: z.int().min(0),
  offline: stageConfigSchema,
  online: stageConfigSchema,
  /** Online, α falls linearly to `alphaAtEnd` over this many actor updates of a run; 0 = α is constant. */
  alphaDecayUpdates: z.int().min(0).default(0),
  alphaAtEnd: z.number().min(0).default(0),
  /** Actor updates of an offline run whose spec names no number. */
  offlineSteps: z.int().positive(),
  /** True: offline updates, warm-up and decay are for `insert`; a task with longer demonstrations gets as many more. */
  scheduleByLength: z.boolean().default(false),
  /** Online: actor updates per environment step, once the RL buffer holds `trainingStarts` transitions. */
  actorUpdatesPerStep: z.number().positive(),
  trainingStarts: z.int().min(0),
  /** The actor's Adam also steps, on a zero gradient, with every critic-only update, so that its momentum moves the actor. */
  actorDrift: z.boolean().default(false),
  /** Share of the newest weights in the running average that acts, per actor update; 1 = the newest weights act. */
  averageTau: z.number().positive().max(1).default(1),
  /** Weight of the policy's own steps as imitation targets, relative to the human's. */
  policyImitation: z.number().min(0).max(1),
  /** Standard deviation of the acting noise that published policies ask for. */
  actingNoiseStd: z.number().min(0),
  /** `n`: steps summed into one reward before the target bootstraps. */
  nStep: z.int().positive(),
  /**
   * Subtracted from the reward of the policy's last step before a takeover (RLIF, Luo et al. 2023, arXiv 2311.12996). Without it,
   * standing still until a person does the task is worth nearly as much as doing it. A success pays 10.
   */
  takeoverPenalty: z.number().min(0).default(0),
  /** `open-or-close`: a head of its own chooses, when the task uses the gripper, and a critic of its own values the choices. */
  gripper: z.enum(['continuous', 'open-or-close']).default('continuous'),
  /** Subtracted from the reward that the gripper's critic sees, for closing an open gripper or opening a closed one. */
  gripperPenalty: z.number().min(0).default(0),
  /** Weight of the gripper's Q loss relative to η; 0 = the gripper is imitated alone. */
  gripperEta: z.number().min(0).default(1),
}).readonly();
export type ConrftConfig = z.infer<typeof configSchema>;

const paper: ConrftConfig = {
  hidden: [256, 256], // Paper
  critics: 2, // Paper
  proprioceptionFeatures: 64, // Released code
  discount: 0.98, // Released code
  tau: 0.005, // Paper
  learningRate: 3e-4, // Paper
  batchSize: 256, // Paper
  demoShare: 0.5, // Paper
  calQlActions: 10, // Released code
  mcFloor: 'off',
  criticWarmupUpdates: 0,
  offline: { beta: 1, eta: 0.1, alpha: 0.01, criticUpdates: 2 }, // Paper; cta ratio 2 from the released code
  online: { beta: 0.5, eta: 1, alpha: 0, criticUpdates: 2 }, // Paper
  alphaDecayUpdates: 0,
  alphaAtEnd: 0,
  offlineSteps: 20_000, // Released scripts
  scheduleByLength: false,
  actorUpdatesPerStep: 1, // Ours; theirs runs free of the robot
  trainingStarts: 100, // Released code
  actorDrift: true, // Released code
  averageTau: 1,
  policyImitation: 1,
  actingNoiseStd: 0,
  nStep: 1,
  takeoverPenalty: 0,
  gripper: 'continuous',
  gripperPenalty: 0,
  gripperEta: 1,
};

export const PRESETS: Readonly<Record<PresetName, ConrftConfig>> = {
  paper,
  'released-code': {
    ...paper,
    offline: { beta: 1, eta: 0, alpha: 0.1, criticUpdates: 2 }, // Released scripts
    online: { beta: 0.1, eta: 1, alpha: 0, criticUpdates: 2 }, // Released scripts
  },
  cell: {
    ...paper,
    hidden: [128, 128], // Measured: 256 overfits twenty demonstrations
    proprioceptionFeatures: 0,
    calQlActions: 4, // Cost
    mcFloor: 'uncut', // Measured: with the Cal-QL term, cutting it at takeovers gains nothing
    criticWarmupUpdates: 1000, // Measured: a young critic pulls the policy off the data
    offline: { beta: 1, eta: 0, alpha: 0.1, criticUpdates: 1 },
    // Measured: without the Cal-QL term the policy first loses what it imitated. With η = 1, one of `pick-insert` grasps ever further
    // off the middle and succeeds alone in 70 to 80 % of 30 episodes after 40 corrected ones; with 0.3 in 97 %.
    online: { beta: 0.5, eta: 0.3, alpha: 0.1, criticUpdates: 2 },
    alphaDecayUpdates: 1600, // Some forty episodes; measured: ten are too few, and a constant α learns slowly
    alphaAtEnd: 0.05, // Measured: below it the policy leaves the data (`actionError` grows fivefold), and fails
    offlineSteps: 1000,
    scheduleByLength: true, // Measured: after 1000 updates a policy of `pick-insert` cannot insert yet
    actorDrift: false,
    averageTau: 0.01, // Measured: single weights vary too much for a clearance of half a millimetre
    policyImitation: 0, // Measured: steps that a person has to correct are bad examples
    actingNoiseStd: 0.1, // Measured: frees a policy that is stuck on the rim
    gripper: 'open-or-close', // Measured: a regression on rare commands closes too late
    gripperPenalty: 0.02, // As HIL-SERL
  },
};
