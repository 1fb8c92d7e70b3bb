/**
 * Messages between the engine and the policy process, over Node's IPC channel with `serialization: 'advanced'` (typed
 * arrays travel as they are). Both ends belong to this program and have the same version. The engine still checks each
 * message, because no message of a child may end the engine.
 */
import { z } from 'zod';
import type { CameraFrame, ObservationKind } from '../observation.ts';

export type ToPolicyProcess =
  /** Sent once, before anything else, for observation kind `pixels`. */
  | { readonly kind: 'load-encoder'; readonly requestId: number; readonly manifestPath: string }
  /** Sent only between episodes. New weights for the same graph are a buffer copy. */
  | { readonly kind: 'load-policy'; readonly requestId: number; readonly manifestPath: string }
  /**
   * Loads a reward classifier, whose probability then comes with every proposal. Refused unless it fits the encoder.
   */
  | { readonly kind: 'load-classifier'; readonly requestId: number; readonly manifestPath: string }
  /** Seeds the acting noise and forgets the previous observation. */
  | {
      readonly kind: 'start-episode';
      readonly seed: number;
      readonly actingNoiseStd: number;
      readonly observation: ObservationKind;
    }
  | {
      readonly kind: 'observe';
      /** A number that is used once. The answer carries it. */
      readonly sequence: number;
      readonly frames: readonly CameraFrame[];
      /** [PROPRIOCEPTION_SIZE] */
      readonly proprioception: Float32Array;
      /** [STATE_ESTIMATE_SIZE], for observation kind `state`. */
      readonly stateEstimate: Float32Array | undefined;
      /** False in Demonstrate mode, which needs only the embedding. */
      readonly wantAction: boolean;
      /** True when the last tick did not execute the policy's proposal, so that the rest of its chunk is void. */
      readonly interrupted: boolean;
    };

const floats = z.custom<Float32Array>((value) => value instanceof Float32Array, 'expected a Float32Array');
const message = z.string();

export const fromPolicyProcessSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started') }),
  z.object({
    kind: z.literal('loaded'),
    requestId: z.int(),
    name: z.string(),
    embeddingSize: z.int(),
    encoderSha256: z.string().or(z.undefined()),
    /** The policy's own acting noise; `undefined` for an encoder or a classifier. */
    actingNoiseStd: z.number().or(z.undefined()),
    /** The classifier's threshold; `undefined` for the others. */
    threshold: z.number().or(z.undefined()),
    /** A warning for the person although the model was loaded; usually `undefined`. */
    warning: z.string().or(z.undefined()),
  }),
  /** The model cannot be used. The previous one stays in use. */
  z.object({ kind: z.literal('refused'), requestId: z.int(), message, remedy: message }),
  /** The observation could not be processed. The process goes on. */
  z.object({ kind: z.literal('failed'), sequence: z.int(), message, remedy: message }),
  z.object({
    kind: z.literal('proposal'),
    sequence: z.int(),
    /**
     * [ACTION_SIZE], clipped to [-1, 1], acting noise included. `undefined` when no action was requested or no policy
     * is loaded. May hold NaN: the engine checks.
     */
    action: floats.or(z.undefined()),
    embedding: floats,
    computeMs: z.number(),
    /** Share of the action's dimensions at ±1 (`main/policy/saturation.ts`). */
    saturation: z.number(),
    /** Probability of success. `undefined` without a classifier for this kind of observation. May be NaN. */
    successProbability: z.number().or(z.nan()).or(z.undefined()),
  }),
]);
export type FromPolicyProcess = Readonly<z.infer<typeof fromPolicyProcessSchema>>;
