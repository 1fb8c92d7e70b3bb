/**
 * The state that the engine tells its window: `Status` several times a second, `Rig` when it changes. `messages.ts`
 * carries both.
 */
import { z } from 'zod';
import { labelCountsSchema, successSettingsSchema, successStatusSchema } from '../classifier.ts';
import { bufferCountsSchema, modeSchema, phaseSchema } from '../episode.ts';
import { safetyEventSchema, safetyLimitsSchema } from '../limits.ts';
import { taskIdSchema } from '../task.ts';
import { takeoverSettingsSchema, teleopMapSchema } from '../teleop.ts';
import { sceneShapesSchema } from './shapes.ts';

const faultSchema = z
  .object({ what: z.string(), armDoes: z.string(), remedy: z.string(), atMs: z.number() })
  .readonly();
export type Fault = z.infer<typeof faultSchema>;

const inputDeviceSchema = z
  .object({
    name: z.string(),
    kind: z.enum(['spacemouse', 'gamepad', 'keyboard', 'screen', 'scripted']),
    /** `silent`: the device is open but has sent nothing yet. */
    state: z.enum(['ready', 'silent', 'absent', 'blocked', 'lost']),
    message: z.string().optional(),
    remedy: z.string().optional(),
  })
  .readonly();
export type InputDevice = z.infer<typeof inputDeviceSchema>;

/**
 * A condition that the window shows for exactly as long as it lasts. A condition that stops the arm is a fault and
 * never appears here as well.
 */
const standingNoticeSchema = z
  .object({
    /** Subject of the notice. A second notice of the same topic replaces the first. */
    topic: z.string(),
    level: z.enum(['warning', 'error']),
    text: z.string(),
    remedy: z.string().optional(),
  })
  .readonly();
export type StandingNotice = z.infer<typeof standingNoticeSchema>;

/** The engine's state, sent at 10 Hz and at every change of driver or phase. */
export const statusSchema = z
  .object({
    timeMs: z.number(),
    phase: phaseSchema,
    mode: modeSchema,
    /** The driver of the arm. `nobody` in every phase but RUNNING, unless a person moves the arm by hand control. */
    driver: z.enum(['policy', 'human', 'nobody']),
    /** The cause of the hold, in phase HOLD. */
    holdReason: z.string().optional(),
    fault: faultSchema.optional(),
    notices: z.array(standingNoticeSchema).readonly().optional(),
    episodeId: z.int().optional(),
    step: z.int(),
    policy: z.object({ name: z.string(), candidate: z.boolean() }).optional(),
    /** Counters of the task's own episodes. */
    buffers: bufferCountsSchema,
    labels: labelCountsSchema,
    success: successStatusSchema,
    tick: z.object({
      hz: z.number(),
      jitterP99Ms: z.number(),
      missedDeadlines: z.int(),
      skippedEdges: z.int(),
      policyLatencyMs: z.number(),
      /** Simulated seconds per host second over about the last two; absent on a real robot. */
      realTimeFactor: z.number().nonnegative().optional(),
    }),
    forceInTool: z.array(z.number()).length(6).readonly(),
    gripperOpeningM: z.number(),
    /** Newest puck deflection, whichever device drives. */
    puckAxes: z.array(z.number()).length(6).readonly(),
    puckButtons: z.int(),
    inputDevices: z.array(inputDeviceSchema).readonly(),
    safety: z.array(safetyEventSchema).readonly(),
    storeBytesPerHour: z.number(),
    diskFreeBytes: z.number(),
    recording: z.enum(['on', 'off', 'disk-full']),
    /** Share of episodes solved without help, and share of human-driven steps, over the last 20 episodes. */
    unaidedSuccessRate: z.number().optional(),
    interventionRate: z.number().optional(),
    /** True when the window that receives this status holds the controls. */
    holdsControls: z.boolean(),
    controlsHeldByOther: z.boolean(),
  })
  .readonly();
export type Status = z.infer<typeof statusSchema>;

/** The robot, its task and all settings in force. Sent on welcome and whenever they change. */
export const rigSchema = z
  .object({
    robot: z.string(),
    simulated: z.boolean(),
    task: z.string(),
    instruction: z.string(),
    /** The tasks to choose from. */
    tasks: z.array(z.object({ id: taskIdSchema, instruction: z.string() })).readonly(),
    maxSteps: z.int(),
    periodMs: z.number(),
    limits: safetyLimitsSchema,
    takeover: takeoverSettingsSchema,
    teleop: teleopMapSchema,
    actingNoiseStd: z.number(),
    autoStart: z.boolean(),
    success: successSettingsSchema,
    /** `SceneShapes` as data; its own types live in `shapes.ts`. */
    shapes: sceneShapesSchema,
    cameras: z.array(z.object({ name: z.string(), widthPx: z.int(), heightPx: z.int() })).readonly(),
    tactilePads: z.array(z.object({ name: z.string(), rows: z.int(), columns: z.int() })).readonly(),
    projectFolder: z.string(),
  })
  .readonly();
export type Rig = z.infer<typeof rigSchema>;
