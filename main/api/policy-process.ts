/**
 * What the engine and the policy process say to each other, over Node's IPC channel with `serialization: 'advanced'`
 * (typed arrays travel as they are). Both ends are this program's own, at the same version: the types are the contract.
 */
import type { ObservationKind } from './observation.ts';

export type ToPolicyProcess =
  /** Once, before anything else, for observation kind `pixels`. */
  | { readonly kind: 'load-encoder'; readonly requestId: number; readonly manifestPath: string }
  /** New weights for the same graph are a buffer copy; only between episodes. */
  | { readonly kind: 'load-policy'; readonly requestId: number; readonly manifestPath: string }
  /** A reward classifier: its opinion then comes with every proposal. Refused unless it fits the encoder that is loaded. */
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
      /** Never the same twice; the answer carries it. */
      readonly sequence: number;
      readonly frames: readonly {
        readonly camera: string;
        readonly widthPx: number;
        readonly heightPx: number;
        readonly rgb: Uint8Array;
      }[];
      /** [PROPRIOCEPTION_SIZE] */
      readonly proprioception: Float32Array;
      /** [STATE_ESTIMATE_SIZE], for observation kind `state`. */
      readonly stateEstimate: Float32Array | undefined;
      /** False in Demonstrate mode: only the embedding is wanted. */
      readonly wantAction: boolean;
      /** The tick that led here was not the policy's as it proposed: what it had planned ahead no longer holds. */
      readonly interrupted: boolean;
    };

export type FromPolicyProcess =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'loaded';
      readonly requestId: number;
      readonly name: string;
      readonly embeddingSize: number;
      readonly encoderSha256: string | undefined;
      /** The policy's own acting noise; undefined for an encoder or a classifier. */
      readonly actingNoiseStd: number | undefined;
      /** The classifier's threshold; undefined for the others. */
      readonly threshold: number | undefined;
    }
  /** A model that cannot be used: what was wrong with it and what to do. The previous one stays in use. */
  | { readonly kind: 'refused'; readonly requestId: number; readonly message: string; readonly remedy: string }
  /** An observation that could not be worked on; the process goes on. */
  | { readonly kind: 'failed'; readonly sequence: number; readonly message: string; readonly remedy: string }
  | {
      readonly kind: 'proposal';
      readonly sequence: number;
      /** [ACTION_SIZE], clipped to [-1, 1], acting noise included; undefined when none was wanted or no policy is loaded. May hold NaN: the engine checks. */
      readonly action: Float32Array | undefined;
      readonly embedding: Float32Array;
      readonly computeMs: number;
      /** Share of the action's dimensions at ±1 (`main/policy/saturation.ts`). */
      readonly saturation: number;
      /** Probability of success; undefined without a classifier, or with one for another kind of observation. */
      readonly successProbability: number | undefined;
    };
