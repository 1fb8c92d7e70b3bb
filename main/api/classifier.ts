/**
 * The reward classifier: the labelled frames, the manifest of the network trained on them, and how its output ends an
 * episode. Probabilities are those of success; a frame counts as success at or above the threshold.
 */
import { z } from 'zod';
import { observationKindSchema } from './observation.ts';
import { type TaskId, taskIdSchema } from './task.ts';

export const rewardLabelSchema = z.enum(['positive', 'negative']);
export type RewardLabel = z.infer<typeof rewardLabelSchema>;

/**
 * Origin of a label: a person while the episode ran, a person in a replay, or the rule that follows the episode's
 * verdict.
 */
const labelSourceSchema = z.enum(['live', 'episode', 'rule']);
export type LabelSource = z.infer<typeof labelSourceSchema>;
/** Labels given by hand are stored. The rule's labels are computed from the current verdicts. */
export type StoredLabelSource = Exclude<LabelSource, 'rule'>;

/** The label of one observation of an episode. Observations without a label are left out. */
export const frameLabelSchema = z
  .object({ index: z.int(), label: rewardLabelSchema, source: labelSourceSchema })
  .readonly();
export type FrameLabel = z.infer<typeof frameLabelSchema>;

export const labelCountsSchema = z.object({ positives: z.int(), negatives: z.int() }).readonly();
export type LabelCounts = z.infer<typeof labelCountsSchema>;

/** The judge that ends an episode as a success. A person's own verdict always wins. */
const successBySchema = z.enum(['simulator', 'classifier', 'human']);
export type SuccessBy = z.infer<typeof successBySchema>;

/** Limits on the robot's own state. The classifier's success counts only within them; an absent limit does not bind. */
const successGuardSchema = z
  .object({
    /** Height of the tool point over the base, metres. */
    toolHeightLowM: z.number().optional(),
    toolHeightHighM: z.number().optional(),
    /** Half the distance between the fingers, metres. */
    gripperLowM: z.number().optional(),
    gripperHighM: z.number().optional(),
  })
  .readonly();
export type SuccessGuard = z.infer<typeof successGuardSchema>;

/** In the cell, the tool is 48–53 mm high when the peg of `insert` is in, and the fingers 15–17 mm apart around it. */
export const SUCCESS_GUARDS: Readonly<Record<TaskId, SuccessGuard>> = {
  insert: { toolHeightHighM: 0.06, gripperHighM: 0.02 },
  'pick-insert': { toolHeightHighM: 0.09, gripperHighM: 0.03 },
  lift: { toolHeightLowM: 0.1, gripperHighM: 0.03 },
};

export const successSettingsSchema = z
  .object({
    by: successBySchema,
    /** Number of ticks in a row at which the classifier must report success. */
    ticks: z.int().min(1).max(20),
    guard: successGuardSchema,
  })
  .readonly();
export type SuccessSettings = z.infer<typeof successSettingsSchema>;

/** A single tick may be wrong: light changes, and a peg that is nearly in looks inserted. */
export const DEFAULT_SUCCESS_TICKS = 3;

const confusionFields = { tp: z.int(), fp: z.int(), tn: z.int(), fn: z.int() } as const;
export const confusionSchema = z.object(confusionFields).readonly();
/** Number of frames by true label and predicted label. */
type Confusion = z.infer<typeof confusionSchema>;

export function accuracyOf({ tp, fp, tn, fn }: Confusion): number {
  const all = tp + fp + tn + fn;
  return all > 0 ? (tp + tn) / all : 0;
}
/** Returns the share of the positives that are found; 0 when there are none. */
export function recallOf({ tp, fn }: Confusion): number {
  return tp + fn > 0 ? tp / (tp + fn) : 0;
}
/** Returns the share of the predicted successes that are right; 1 when there are none. */
export function precisionOf({ tp, fp }: Confusion): number {
  return tp + fp > 0 ? tp / (tp + fp) : 1;
}

const curvePointSchema = z.object({ threshold: z.number(), ...confusionFields }).readonly();
/** The held-out confusion at one threshold. */
export type CurvePoint = z.infer<typeof curvePointSchema>;

/** Returns the curve's point nearest to a threshold. Thresholds are chosen from the points. */
export function curvePointAt(curve: readonly CurvePoint[], threshold: number): CurvePoint | undefined {
  const distance = (point: CurvePoint) => Math.abs(point.threshold - threshold);
  return curve.reduce<CurvePoint | undefined>(
    (best, point) => (best && distance(best) <= distance(point) ? best : point),
    undefined,
  );
}

const sideSchema = z.object({ positives: z.int(), negatives: z.int(), episodes: z.int() }).readonly();

/** `manifest.json` of a classifier's folder, beside its ONNX model. */
export const classifierManifestSchema = z
  .object({
    kind: z.literal('classifier'),
    /** Unique within a project folder, e.g. `classifier-2`. */
    name: z.string(),
    task: taskIdSchema,
    observation: observationKindSchema,
    /**
     * Model with inputs `embedding` [1, E] and, when P > 0, `proprioception` [1, P], and output `logit` [1, 1]. It
     * normalises its inputs.
     */
    model: z.string(),
    /** SHA-256 of the model file, hex. */
    sha256: z.string().length(64),
    embeddingSize: z.int().positive(),
    proprioceptionSize: z.int().min(0),
    /** The encoder whose embeddings the classifier was trained on; absent when the observation has none. */
    encoderSha256: z.string().optional(),
    /** Threshold in use. `ruleThreshold` is the one that the rule chose; a person may set another. */
    threshold: z.number().min(0).max(1),
    ruleThreshold: z.number().min(0).max(1),
    seed: z.int(),
    updates: z.int(),
    /** Number of labelled frames by the origin of the label. */
    frames: z.record(labelSourceSchema, labelCountsSchema).readonly(),
    training: sideSchema,
    heldOut: sideSchema,
    /**
     * Confusion on the held-out episodes at thresholds from 0 to 1. The rule's threshold was chosen on the same frames.
     */
    curve: z.array(curvePointSchema).readonly(),
    createdAtMs: z.number(),
  })
  .readonly();
export type ClassifierManifest = z.infer<typeof classifierManifestSchema>;

/** Last line on the standard output of a classifier's training process, as JSON. */
export const classifierEndSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('made'), name: z.string() }),
  z.object({ kind: z.literal('failed'), message: z.string(), remedy: z.string() }),
]);
export type ClassifierEnd = Readonly<z.infer<typeof classifierEndSchema>>;

/** All classifiers of a project, and the training under way, as the window shows them. */
export const classifierStateSchema = z
  .object({
    training: z.boolean(),
    /** Newest first. */
    classifiers: z.array(classifierManifestSchema).readonly(),
    /** Name of the classifier that judges every tick. */
    inUse: z.string().optional(),
    message: z.string().optional(),
    remedy: z.string().optional(),
  })
  .readonly();
export type ClassifierState = z.infer<typeof classifierStateSchema>;

/** The state of success detection at this tick. */
export const successStatusSchema = z
  .object({
    classifier: z.string().optional(),
    threshold: z.number().optional(),
    /** Probability for the newest observation. Absent before the first one is judged and when the answer came late. */
    probability: z.number().optional(),
    guardMet: z.boolean(),
    /** Ticks in a row at which classifier and guard agreed on success. */
    streak: z.int(),
  })
  .readonly();
export type SuccessStatus = z.infer<typeof successStatusSchema>;
