/** The recorded data: episodes and their steps. Records are written once; corrections are events that refer to them. */
import { z } from 'zod';
import { actorSchema } from './action.ts';
import { safetyEventSchema } from './limits.ts';
import { observationKindSchema } from './observation.ts';
import { taskIdSchema } from './task.ts';

/**
 * RESETTING (slow, Stop works) → READY (waits for the operator) → RUNNING. Only RUNNING records. In HOLD no motion is
 * commanded.
 */
export const phaseSchema = z.enum(['resetting', 'ready', 'running', 'hold']);
export type Phase = z.infer<typeof phaseSchema>;

/** `run`: a policy drives and people correct it. `demonstrate`: a person drives from start to end. */
export const modeSchema = z.enum(['run', 'demonstrate']);
export type Mode = z.infer<typeof modeSchema>;

/** How an episode ended. `truncated` is a time-out: its last state is bootstrapped, not final. */
export const outcomeSchema = z.enum(['success', 'failure', 'truncated', 'aborted']);
export type Outcome = z.infer<typeof outcomeSchema>;

/** The source of an outcome. The human's verdict always wins. */
const judgeSchema = z.enum(['human', 'simulator', 'classifier', 'time-limit', 'engine']);
export type Judge = z.infer<typeof judgeSchema>;

export const episodeSummarySchema = z
  .object({
    id: z.int(),
    sessionId: z.int(),
    task: taskIdSchema,
    mode: modeSchema,
    observation: observationKindSchema,
    seed: z.int(),
    /** Name of the policy that drove; absent in Demonstrate mode. */
    policy: z.string().optional(),
    /** True while that policy was on trial. */
    policyIsCandidate: z.boolean(),
    startedAtMs: z.number(),
    steps: z.int(),
    humanSteps: z.int(),
    takeovers: z.int(),
    /** Sum of rewards, undiscounted. */
    return: z.number(),
    outcome: outcomeSchema.optional(),
    judge: judgeSchema.optional(),
    discarded: z.boolean(),
  })
  .readonly();
export type EpisodeSummary = z.infer<typeof episodeSummarySchema>;

/** One step as the window shows it. The store keeps more. */
export const stepSummarySchema = z
  .object({
    index: z.int(),
    actor: actorSchema,
    idle: z.boolean(),
    /** The executed action, [7] in [-1, 1], in the tool frame. */
    action: z.array(z.number()).readonly(),
    reward: z.number(),
    forceN: z.number(),
    gripperOpeningM: z.number(),
    safety: z.array(safetyEventSchema).readonly(),
  })
  .readonly();
export type StepSummary = z.infer<typeof stepSummarySchema>;

/**
 * Live counters of both buffers. Every step of a policy episode is in the RL buffer, every human step in the demo
 * buffer too. Demonstrations are in the demo buffer only.
 */
export const bufferCountsSchema = z
  .object({
    rlTransitions: z.int(),
    demoTransitions: z.int(),
    demonstrations: z.int(),
    interventionSteps: z.int(),
    episodes: z.int(),
  })
  .readonly();
export type BufferCounts = z.infer<typeof bufferCountsSchema>;

/** Returns human-driven steps divided by all steps; 0 for an episode without steps. */
export function interventionRate(episode: { readonly humanSteps: number; readonly steps: number }): number {
  return episode.steps > 0 ? episode.humanSteps / episode.steps : 0;
}
