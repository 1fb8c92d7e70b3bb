/**
 * The contract between engine and window: calls (window → engine, each answered once) and events (engine → window).
 * Text messages are JSON, checked with these schemas at both ends; camera, tactile and pose streams are binary (`streams.ts`).
 *
 * Opening: HTTP GET serves the window; the page reads the one-time code from the URL's fragment, opens /socket and sends
 * `{ kind: 'hello', code }` (or `token` when it reconnects); the engine answers `{ kind: 'welcome', token, … }` or closes with 4401.
 */
import { z } from 'zod';
import { actorSchema } from '../action.ts';
import { classifierStateSchema, frameLabelSchema, rewardLabelSchema, successSettingsSchema } from '../classifier.ts';
import { episodeSummarySchema, modeSchema, stepSummarySchema } from '../episode.ts';
import { safetyLimitsSchema } from '../limits.ts';
import { episodeChoiceSchema } from '../processes/export.ts';
import { readinessSchema, runOptionsSchema, runPlanSchema, runRequestSchema, runStatusSchema } from '../run.ts';
import { takeoverSettingsSchema, teleopMapSchema } from '../teleop.ts';
import { rigSchema, statusSchema } from './status.ts';

const nothing = z.object({}).readonly();

/** Every call: its parameters and its result. */
export const CALLS = {
  /** The window that holds the controls may move the robot; claiming takes them from another window. */
  'controls.claim': { parameters: nothing, result: nothing },
  'controls.release': { parameters: nothing, result: nothing },
  /** Sent at 20 Hz or faster while driving from keys, gamepad or the puck on screen; 100 ms of silence reads as zero. */
  'input.puck': {
    parameters: z.object({
      source: z.enum(['screen', 'keyboard', 'gamepad']),
      /** As a SpaceMouse would report it: x right, y back, z down, each in [-1, 1]. */
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
  /** Toggle mode: take or release control. */
  'control.takeover': { parameters: z.object({ engaged: z.boolean() }), result: nothing },
  /** Of whoever drives by hand. Refused where nobody does, and in a task that leaves the gripper alone. */
  'control.gripper': { parameters: z.object({ command: z.enum(['open', 'close', 'toggle']) }), result: nothing },
  /** READY → RUNNING. */
  'episode.start': { parameters: nothing, result: nothing },
  /** Ends the episode, or a recorded one's label is changed; the human's verdict wins. */
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
  /** All steps of a recorded episode with body poses per observation (T+1), for replay. */
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
  'settings.set': {
    parameters: z.object({
      takeover: takeoverSettingsSchema.optional(),
      teleop: teleopMapSchema.optional(),
      actingNoiseStd: z.number().min(0).max(0.5).optional(),
      limits: safetyLimitsSchema.optional(),
      /** Start the next episode by itself once READY. */
      autoStart: z.boolean().optional(),
      /** From the next episode on. */
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
            trainedSteps: z.int(),
            createdAtMs: z.number(),
            successRate: z.number().optional(),
          }),
        )
        .readonly(),
    }),
  },
  /** From the next episode on. */
  'policy.use': { parameters: z.object({ name: z.string() }), result: nothing },
  /** Back to the last good policy, from the next episode on. */
  'policy.revert': { parameters: nothing, result: z.object({ policy: z.string() }) },
  'run.readiness': { parameters: nothing, result: readinessSchema },
  'run.options': { parameters: nothing, result: runOptionsSchema },
  /** What `run.start` with the same request would do. */
  'run.plan': { parameters: z.object({ spec: runRequestSchema.optional() }), result: runPlanSchema },
  'run.start': {
    parameters: z.object({ spec: runRequestSchema.optional() }),
    result: z.object({ runId: z.int() }),
  },
  'run.cancel': { parameters: z.object({ runId: z.int() }), result: nothing },
  'run.list': { parameters: nothing, result: z.object({ runs: z.array(runStatusSchema).readonly() }) },
  /** Curves of a run: asked once, the newest points come with its status. Long ones are thinned to `points`, spikes kept. */
  'run.metrics': {
    parameters: z.object({
      runId: z.int(),
      names: z.array(z.string()).optional(),
      points: z.int().min(4).max(5000).default(1000),
    }),
    result: z.object({ series: z.record(z.string(), z.array(z.tuple([z.number(), z.number()])).readonly()) }),
  },
  /** The settings that a run uses, by name (`online.beta`), as text. */
  'run.settings': {
    parameters: z.object({ runId: z.int() }),
    result: z.object({ settings: z.record(z.string(), z.string()) }),
  },
  /** What the newest observation of the running episode shows, or observation `index` of a stored one; takes effect at once, undo takes it back. */
  'label.set': {
    parameters: z.object({
      label: rewardLabelSchema,
      frame: z.object({ episodeId: z.int(), index: z.int().min(0) }).optional(),
    }),
    result: z.object({ episodeId: z.int(), index: z.int() }),
  },
  /** Labels of a stored episode, by hand and by rule. */
  'label.list': {
    parameters: z.object({ episodeId: z.int() }),
    result: z.object({ labels: z.array(frameLabelSchema).readonly() }),
  },
  'classifier.state': { parameters: nothing, result: classifierStateSchema },
  /** Trains on all labelled frames, in the background; `classifier` messages tell how it went. */
  'classifier.train': { parameters: nothing, result: nothing },
  /** Looks on from now on, with this threshold; whether it decides is the setting `success.by`. */
  'classifier.use': {
    parameters: z.object({ name: z.string(), threshold: z.number().min(0).max(1) }),
    result: nothing,
  },
  'data.export': {
    parameters: z.object({
      format: z.enum(['lerobot-v3']),
      directory: z.string().min(1).optional(),
      includeDiscarded: z.boolean().optional(),
      /** Default: all finished episodes. */
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

export const callMessageSchema = z.object({
  kind: z.literal('call'),
  id: z.int().min(0),
  name: z.enum(Object.keys(CALLS) as [CallName, ...CallName[]]),
  parameters: z.unknown(),
});
export const helloMessageSchema = z.object({
  kind: z.literal('hello'),
  code: z.string().optional(),
  token: z.string().optional(),
});
/** Which streams the window wants, by name (`wrist`, `left`, `poses`, …); an empty list stops them. */
export const subscribeMessageSchema = z.object({
  kind: z.literal('subscribe'),
  streams: z.array(z.string()).max(64),
  maxHz: z.number().min(1).max(60),
});
export const clientMessageSchema = z.discriminatedUnion('kind', [
  helloMessageSchema,
  callMessageSchema,
  subscribeMessageSchema,
]);
export type ClientMessage = z.input<typeof clientMessageSchema>;

export const serverMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('welcome'), token: z.string(), clientId: z.int(), protocol: z.literal(1) }),
  z.object({ kind: z.literal('answer'), id: z.int(), result: z.unknown() }),
  z.object({ kind: z.literal('refusal'), id: z.int(), message: z.string(), remedy: z.string() }),
  z.object({ kind: z.literal('rig'), rig: rigSchema }),
  z.object({ kind: z.literal('status'), status: statusSchema }),
  /** A step of the running episode was recorded. `setPoint` is the commanded tool position in the base frame, metres. */
  z.object({
    kind: z.literal('step'),
    episodeId: z.int(),
    step: stepSummarySchema,
    toolPositionM: z.array(z.number()).length(3),
  }),
  z.object({ kind: z.literal('episode'), episode: episodeSummarySchema }),
  z.object({ kind: z.literal('run'), run: runStatusSchema }),
  z.object({ kind: z.literal('classifier'), state: classifierStateSchema }),
  /** The set-point as it is commanded: [x, y, z, qx, qy, qz, qw], base frame; drawn as the ghost. */
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
/** What the engine sends: the same union before parsing. */
export type OutgoingMessage = z.input<typeof serverMessageSchema>;

/** WebSocket close codes of this protocol. */
export const CLOSE_CODES = { badToken: 4401, badOrigin: 4403, malformed: 4400, flooded: 4429 } as const;
