/**
 * The reward classifier: frames that people or rules have labelled, the network trained on them, and how its opinion becomes a verdict.
 * Probabilities are those of success; a frame counts as success at or above the threshold.
 */
import { z } from 'zod';
import { observationKindSchema } from './observation.ts';
import { type TaskId, taskIdSchema } from './task.ts';

export const rewardLabelSchema = z.enum(['positive', 'negative']);
export type RewardLabel = z.infer<typeof rewardLabelSchema>;

/** Who says so: a person at the moment itself, a person in a replay, or the rule that reads it from an episode's verdict. */
export const labelSourceSchema = z.enum(['live', 'episode', 'rule']);
export type LabelSource = z.infer<typeof labelSourceSchema>;
/** Labels given by hand are stored; those of the rule follow from the verdicts that stand. */
export type StoredLabelSource = Exclude<LabelSource, 'rule'>;

/** What one observation of an episode is held to be; observations that nobody vouches for are left out. */
export const frameLabelSchema = z
  .object({ index: z.int(), label: rewardLabelSchema, source: labelSourceSchema })
  .readonly();
export type FrameLabel = z.infer<typeof frameLabelSchema>;

export const labelCountsSchema = z.object({ positives: z.int(), negatives: z.int() }).readonly();
export type LabelCounts = z.infer<typeof labelCountsSchema>;

/** Whose word ends an episode as a success. A person's own verdict always wins. */
export const successBySchema = z.enum(['simulator', 'classifier', 'human']);
export type SuccessBy = z.infer<typeof successBySchema>;

/** Limits that the robot's own state must keep for a success to be believed; an absent one does not bind. */
export const successGuardSchema = z
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
    /** The classifier must say so at this many ticks in a row. */
    ticks: z.int().min(1).max(20),
    guard: successGuardSchema,
  })
  .readonly();
export type SuccessSettings = z.infer<typeof successSettingsSchema>;

/** One tick alone can be a trick of the light, and a peg that is nearly in looks as if it were: after three it is. */
export const DEFAULT_SUCCESS_TICKS = 3;

const confusionFields = { tp: z.int(), fp: z.int(), tn: z.int(), fn: z.int() } as const;
export const confusionSchema = z.object(confusionFields).readonly();
/** Frames by what they are and what they were taken for. */
export type Confusion = z.infer<typeof confusionSchema>;

export function accuracyOf({ tp, fp, tn, fn }: Confusion): number {
  const all = tp + fp + tn + fn;
  return all > 0 ? (tp + tn) / all : 0;
}
/** Share of the positives that are found; 0 when there are none. */
export function recallOf({ tp, fn }: Confusion): number {
  return tp + fn > 0 ? tp / (tp + fn) : 0;
}
/** Share of the alarms that are right; 1 when there are none. */
export function precisionOf({ tp, fp }: Confusion): number {
  return tp + fp > 0 ? tp / (tp + fp) : 1;
}

export const curvePointSchema = z.object({ threshold: z.number(), ...confusionFields }).readonly();
/** The held-out confusion at one threshold. */
export type CurvePoint = z.infer<typeof curvePointSchema>;

/** The curve's point nearest to a threshold: thresholds are chosen from its points. */
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
    /** Model with inputs `embedding` [1, E] and, where P > 0, `proprioception` [1, P], and output `logit` [1, 1]; normalisation is inside. */
    model: z.string(),
    /** SHA-256 of the model file, hex. */
    sha256: z.string().length(64),
    embeddingSize: z.int().positive(),
    proprioceptionSize: z.int().min(0),
    /** The encoder whose embeddings it was trained on; undefined where the observation has none. */
    encoderSha256: z.string().optional(),
    /** In use; `ruleThreshold` is what the rule chose, which a person may have changed. */
    threshold: z.number().min(0).max(1),
    ruleThreshold: z.number().min(0).max(1),
    seed: z.int(),
    updates: z.int(),
    /** Labelled frames by who labelled them. */
    frames: z.record(labelSourceSchema, labelCountsSchema).readonly(),
    training: sideSchema,
    heldOut: sideSchema,
    /** On the held-out episodes, at thresholds from 0 to 1. The rule's threshold was chosen on these same frames. */
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

/** What the window shows of it. */
export const classifierStateSchema = z
  .object({
    training: z.boolean(),
    /** Newest first. */
    classifiers: z.array(classifierManifestSchema).readonly(),
    /** The one whose opinion is asked for at every tick. */
    inUse: z.string().optional(),
    message: z.string().optional(),
    remedy: z.string().optional(),
  })
  .readonly();
export type ClassifierState = z.infer<typeof classifierStateSchema>;

/** The detector at this tick. */
export const successStatusSchema = z
  .object({
    classifier: z.string().optional(),
    threshold: z.number().optional(),
    /** Of the newest observation; undefined while none has been judged or when the answer came late. */
    probability: z.number().optional(),
    guardMet: z.boolean(),
    /** Ticks in a row at which classifier and guard agreed on success. */
    streak: z.int(),
  })
  .readonly();
export type SuccessStatus = z.infer<typeof successStatusSchema>;
