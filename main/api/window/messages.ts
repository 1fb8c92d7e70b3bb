/**
 * The messages between engine and window: calls (window → engine, each answered once) and events (engine → window).
 * Text messages are JSON, checked with these schemas at both ends. Streams of pictures, pads and poses are binary
 * (`streams.ts`).
 *
 * A page takes the one-time code from its URL's fragment, opens /socket and sends `{ kind: 'hello', code }`, or `token`
 * when it reconnects. The engine answers `{ kind: 'welcome', token, … }` or closes with 4401.
 */
import { z } from 'zod';
import { actorSchema } from '../action.ts';
import { classifierStateSchema, frameLabelSchema, rewardLabelSchema, successSettingsSchema } from '../classifier.ts';
import { episodeSummarySchema, modeSchema, stepSummarySchema } from '../episode.ts';
import { safetyLimitsSchema } from '../limits.ts';
import { madeFromSchema } from '../policy.ts';
import { episodeChoiceSchema } from '../processes/export.ts';
import { readinessSchema, runOptionsSchema, runPlanSchema, runRequestSchema, runStatusSchema } from '../run.ts';
import { taskIdSchema } from '../task.ts';
import { takeoverSettingsSchema, teleopMapSchema } from '../teleop.ts';
import { rigSchema, statusSchema } from './status.ts';

const nothing = z.object({}).readonly();

/** Every call: its parameters and its result. */
export const CALLS = {
  /** Takes the controls, also from another window. Only the window that holds them may move the robot. */
  'controls.claim': { parameters: nothing, result: nothing },
  'controls.release': { parameters: nothing, result: nothing },
  /**
   * Sent at 20 Hz or faster while keys, a gamepad or the puck on screen drive. After 100 ms of silence it counts as
   * zero.
   */
  'input.puck': {
    parameters: z.object({
      source: z.enum(['screen', 'keyboard', 'gamepad']),
      /** Axes as a SpaceMouse reports them: x right, y back, z down, each in [-1, 1]. */
      axes: z.array(z.number().min(-1).max(1)).length(6).readonly(),
      buttons: z.int().min(0),
    }),
    result: nothing,
  },
  /**
   * Heartbeat of every window, at 5 Hz or faster. It shows that a person watches, and that the window with the controls
   * is open.
   */
  'input.heartbeat': { parameters: nothing, result: nothing },
  'control.stop': { parameters: nothing, result: nothing },
  /** Leaves HOLD. Refused while the puck is not at neutral. */
  'control.resume': { parameters: nothing, result: nothing },
  /** Takes or releases control in toggle mode. */
  'control.takeover': { parameters: z.object({ engaged: z.boolean() }), result: nothing },
  /** Moves the gripper. Refused when nobody drives by hand, and in a task that masks the gripper. */
  'control.gripper': { parameters: z.object({ command: z.enum(['open', 'close', 'toggle']) }), result: nothing },
  /** Starts an episode: READY → RUNNING. */
  'episode.start': { parameters: nothing, result: nothing },
  /** Ends the running episode, or changes the outcome of a recorded one. The human's verdict wins. */
  'episode.verdict': {
    parameters: z.object({ episodeId: z.int().optional(), verdict: z.enum(['success', 'failure']) }),
    result: nothing,
  },
  'episode.discard': { parameters: z.object({ episodeId: z.int().optional() }), result: nothing },
  /** Takes back the newest discard or verdict. */
  'episode.undo': { parameters: nothing, result: z.object({ undone: z.string().optional() }) },
  /** Ends the running episode without a verdict (truncated) and resets. */
  'episode.reset': { parameters: nothing, result: nothing },
  'episode.list': {
    parameters: z.object({ limit: z.int().positive().max(1000), beforeId: z.int().optional() }),
    result: z.object({ episodes: z.array(episodeSummarySchema).readonly() }),
  },
  /** Returns all steps of a recorded episode and the body poses of each of its T+1 observations, for replay. */
  'episode.replay': {
    parameters: z.object({ episodeId: z.int() }),
    result: z.object({
      episode: episodeSummarySchema,
      steps: z.array(stepSummarySchema).readonly(),
      /** [T+1][7 · bodies] */
      poses: z.array(z.array(z.number()).readonly()).readonly(),
      periodMs: z.number(),
    }),
  },
  /** Streams the stored pictures and pads of one observation as binary messages named `replay/<camera or pad>`. */
  'episode.frames': { parameters: z.object({ episodeId: z.int(), index: z.int().min(0) }), result: nothing },
  'mode.set': { parameters: z.object({ mode: modeSchema }), result: nothing },
  /**
   * Chooses the task of the next episode, and arranges it at once. Refused while an episode runs. A policy for the task
   * drives from then on.
   */
  'task.set': { parameters: z.object({ task: taskIdSchema }), result: nothing },
  'settings.set': {
    parameters: z.object({
      takeover: takeoverSettingsSchema.optional(),
      teleop: teleopMapSchema.optional(),
      actingNoiseStd: z.number().min(0).max(0.5).optional(),
      limits: safetyLimitsSchema.optional(),
      /** True when the next episode starts by itself in READY. */
      autoStart: z.boolean().optional(),
      /** Takes effect with the next episode. */
      success: successSettingsSchema.optional(),
    }),
    result: nothing,
  },
  'policy.list': {
    parameters: nothing,
    result: z.object({
      policies: z
        .array(
          z.object({
            name: z.string(),
            /** The only task that it may drive in. */
            task: taskIdSchema,
            trainedSteps: z.int(),
            /** Present for a policy that ships. */
            madeFrom: madeFromSchema.optional(),
            createdAtMs: z.number(),
            successRate: z.number().optional(),
          }),
        )
        .readonly(),
    }),
  },
  /** Loads a policy for the next episode. Refused for a policy of another task. */
  'policy.use': { parameters: z.object({ name: z.string() }), result: nothing },
  /** Goes back to the last good policy with the next episode. */
  'policy.revert': { parameters: nothing, result: z.object({ policy: z.string() }) },
  'run.readiness': { parameters: nothing, result: readinessSchema },
  'run.options': { parameters: nothing, result: runOptionsSchema },
  /** Returns what `run.start` with the same request would do. */
  'run.plan': { parameters: z.object({ spec: runRequestSchema.optional() }), result: runPlanSchema },
  'run.start': {
    parameters: z.object({ spec: runRequestSchema.optional() }),
    result: z.object({ runId: z.int() }),
  },
  'run.cancel': { parameters: z.object({ runId: z.int() }), result: nothing },
  'run.list': { parameters: nothing, result: z.object({ runs: z.array(runStatusSchema).readonly() }) },
  /** Returns the curves of a run, thinned to `points` with spikes kept. Newer points come with the run's status. */
  'run.metrics': {
    parameters: z.object({
      runId: z.int(),
      names: z.array(z.string()).optional(),
      points: z.int().min(4).max(5000).default(1000),
    }),
    result: z.object({ series: z.record(z.string(), z.array(z.tuple([z.number(), z.number()])).readonly()) }),
  },
  /** Returns the settings of a run by name (`online.beta`), as text. */
  'run.settings': {
    parameters: z.object({ runId: z.int() }),
    result: z.object({ settings: z.record(z.string(), z.string()) }),
  },
  /**
   * Labels the newest observation of the running episode, or observation `index` of a stored one. `episode.undo`
   * reverts it.
   */
  'label.set': {
    parameters: z.object({
      label: rewardLabelSchema,
      frame: z.object({ episodeId: z.int(), index: z.int().min(0) }).optional(),
    }),
    result: z.object({ episodeId: z.int(), index: z.int() }),
  },
  /** Returns the labels of a stored episode, by hand and by rule. */
  'label.list': {
    parameters: z.object({ episodeId: z.int() }),
    result: z.object({ labels: z.array(frameLabelSchema).readonly() }),
  },
  'classifier.state': { parameters: nothing, result: classifierStateSchema },
  /** Trains on all labelled frames in the background. `classifier` messages report the result. */
  'classifier.train': { parameters: nothing, result: nothing },
  /**
   * Makes a classifier judge every tick with this threshold. The setting `success.by` says whether it ends episodes.
   */
  'classifier.use': {
    parameters: z.object({ name: z.string(), threshold: z.number().min(0).max(1) }),
    result: nothing,
  },
  'data.export': {
    parameters: z.object({
      format: z.enum(['lerobot-v3']),
      directory: z.string().min(1).optional(),
      includeDiscarded: z.boolean().optional(),
      /** All finished episodes when absent. */
      choice: episodeChoiceSchema.optional(),
    }),
    result: z.object({
      exportId: z.int(),
      directory: z.string(),
      episodes: z.int(),
      /** Number of episodes that are left out, with the reasons. */
      leftOut: z.string().optional(),
    }),
  },
} as const satisfies Record<string, { readonly parameters: z.ZodType; readonly result: z.ZodType }>;

export type CallName = keyof typeof CALLS;
export type CallParameters<Name extends CallName> = z.input<(typeof CALLS)[Name]['parameters']>;
export type CallResult<Name extends CallName> = z.output<(typeof CALLS)[Name]['result']>;

export const clientMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hello'), code: z.string().optional(), token: z.string().optional() }),
  z.object({
    kind: z.literal('call'),
    id: z.int().min(0),
    name: z.enum(Object.keys(CALLS) as [CallName, ...CallName[]]),
    parameters: z.unknown(),
  }),
  /** Selects the streams that the window receives, by name (`wrist`, `left`, `poses`, …). An empty list stops them. */
  z.object({
    kind: z.literal('subscribe'),
    streams: z.array(z.string()).max(64),
    maxHz: z.number().min(1).max(60),
  }),
]);
export type ClientMessage = z.input<typeof clientMessageSchema>;

export const serverMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('welcome'), token: z.string(), clientId: z.int(), protocol: z.literal(1) }),
  z.object({ kind: z.literal('answer'), id: z.int(), result: z.unknown() }),
  z.object({ kind: z.literal('refusal'), id: z.int(), message: z.string(), remedy: z.string() }),
  z.object({ kind: z.literal('rig'), rig: rigSchema }),
  z.object({ kind: z.literal('status'), status: statusSchema }),
  /** A step of the running episode was recorded. `toolPositionM` is the tool's position in the base frame. */
  z.object({
    kind: z.literal('step'),
    episodeId: z.int(),
    step: stepSummarySchema,
    toolPositionM: z.array(z.number()).length(3),
  }),
  z.object({ kind: z.literal('episode'), episode: episodeSummarySchema }),
  z.object({ kind: z.literal('run'), run: runStatusSchema }),
  z.object({ kind: z.literal('classifier'), state: classifierStateSchema }),
  /** The commanded set-point in the base frame, [x, y, z, qx, qy, qz, qw]. The scene draws it as the ghost. */
  z.object({
    kind: z.literal('setPoint'),
    baseFromTool: z.array(z.number()).length(7),
    driver: actorSchema.or(z.literal('nobody')),
  }),
  z.object({
    kind: z.literal('export'),
    exportId: z.int(),
    state: z.enum(['running', 'finished', 'failed']),
    fraction: z.number(),
    directory: z.string(),
    message: z.string().optional(),
  }),
  /**
   * An event that is shown as a line on the screen for a while. A lasting condition is in the status: `fault` and
   * `notices`.
   */
  z.object({
    kind: z.literal('notice'),
    level: z.enum(['info', 'warning', 'error']),
    text: z.string(),
    remedy: z.string().optional(),
  }),
]);
export type ServerMessage = z.output<typeof serverMessageSchema>;
/** A message as the engine sends it, before parsing. */
export type OutgoingMessage = z.input<typeof serverMessageSchema>;

/** WebSocket close codes of this protocol. */
export const CLOSE_CODES = { badToken: 4401, badOrigin: 4403, malformed: 4400, flooded: 4429 } as const;
