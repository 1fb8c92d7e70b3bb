/**
 * The source of actions, as the control loop sees it: the policy process, or a scripted expert in its place. Nothing
 * here throws. A source that fails says so in its reply, and the loop holds.
 */
import type { Snapshot } from '../../../native/device.ts';
import type { ToPolicyProcess } from '../../api/processes/policy-messages.ts';

export interface PolicyObservation {
  /** Number of the observation in its episode, from 0. */
  readonly sequence: number;
  readonly snapshot: Snapshot;
  /** [PROPRIOCEPTION_SIZE] */
  readonly proprioception: Float32Array;
  /** False when only the embedding is wanted: in Demonstrate mode, and at an episode's last observation. */
  readonly wantAction: boolean;
  /** True when a person drove in the previous tick, or the arm rested in it: the policy's plan no longer holds. */
  readonly interrupted: boolean;
}

export type PolicyReply =
  | {
      readonly kind: 'proposal';
      /** [ACTION_SIZE]; `undefined` when none was wanted or no policy is loaded. May hold NaN: the loop checks. */
      readonly action: Float32Array | undefined;
      readonly embedding: Float32Array | undefined;
      readonly computeMs: number;
      /**
       * Share of the action's components at ±1. Counts those that the task uses, except a gripper of discrete
       * commands.
       */
      readonly saturation: number;
      /** Probability of success by the reward classifier; `undefined` when none is in use. */
      readonly successProbability?: number | undefined;
    }
  | { readonly kind: 'failed'; readonly message: string; readonly remedy: string };

export type EpisodeOpening = Omit<Extract<ToPolicyProcess, { readonly kind: 'start-episode' }>, 'kind'>;

/** Reason why a source is not usable, and what to do about it. The message is for people. */
export interface PolicyTrouble {
  readonly message: string;
  readonly remedy: string;
}

export type LoadReply =
  | {
      readonly kind: 'loaded';
      readonly name: string;
      readonly actingNoiseStd: number;
      readonly encoderSha256: string | undefined;
    }
  | {
      readonly kind: 'refused';
      readonly message: string;
      readonly remedy: string;
      /**
       * `policy`: the policy's own files are the reason. `process`: the process that was to load it ended or did not
       * answer, which says nothing about the policy.
       */
      readonly fault: 'policy' | 'process';
    };

export type ClassifierReply =
  | { readonly kind: 'loaded'; readonly name: string; readonly threshold: number }
  | { readonly kind: 'refused'; readonly message: string; readonly remedy: string };

export interface PolicySource {
  /** Name of the loaded policy. `undefined` when there is none, also while the policy process is restarted. */
  name(): string | undefined;
  /** SHA-256 of the encoder that makes the embeddings. */
  encoderSha256(): string | undefined;
  /**
   * Call it only between episodes. The previous policy stays in use when the new one is refused. Waits for a process
   * that is being restarted.
   */
  load(manifestPath: string): Promise<LoadReply>;
  /**
   * Loads the reward classifier that judges every observation from now on. The previous one stays in use when it is
   * refused.
   */
  loadClassifier(manifestPath: string): Promise<ClassifierReply>;
  startEpisode(opening: EpisodeOpening): void;
  propose(observation: PolicyObservation): Promise<PolicyReply>;
  onTrouble(listener: (trouble: PolicyTrouble) => void): () => void;
  close(): Promise<void>;
}

/** A source without a policy: demonstrations can be recorded, and nothing can be run. */
export function noPolicy(): PolicySource {
  return {
    name: () => undefined,
    encoderSha256: () => undefined,
    load: async () => ({
      kind: 'refused',
      message: 'This engine was started without a policy process.',
      remedy: 'Start it with one, or record demonstrations.',
      fault: 'process',
    }),
    loadClassifier: async () => ({
      kind: 'refused',
      message: 'This engine has no policy process, which is where a classifier looks at the pictures.',
      remedy: 'Start it with one.',
    }),
    startEpisode: () => {},
    propose: async () => ({ kind: 'proposal', action: undefined, embedding: undefined, computeMs: 0, saturation: 0 }),
    onTrouble: () => () => {},
    close: async () => {},
  };
}
