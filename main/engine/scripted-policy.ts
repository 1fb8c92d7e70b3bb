/** A privileged script in the policy's place: acts on the simulator's truth, for data and comparisons, never for a learned result. */
import { NO_CLASSIFIER, type PolicySource } from './policy-source.ts';

export interface Script {
  /** Begins an episode with its own luck. */
  begin(seed: number): void;
  /** [ACTION_SIZE] in [-1, 1], tool frame. */
  act(): Float32Array;
}

export const SCRIPTED_POLICY_NAME = 'scripted';

export function createScriptedPolicy(script: Script): PolicySource {
  return {
    name: () => SCRIPTED_POLICY_NAME,
    encoderSha256: () => undefined,
    load: async () => ({ kind: 'loaded', name: SCRIPTED_POLICY_NAME, actingNoiseStd: 0, encoderSha256: undefined }),
    loadClassifier: async () => NO_CLASSIFIER,
    startEpisode: ({ seed }) => script.begin(seed),
    propose: async ({ wantAction }) => ({
      kind: 'proposal',
      action: wantAction ? script.act() : undefined,
      embedding: undefined,
      computeMs: 0,
      saturation: 0,
    }),
    onTrouble: () => () => {},
    close: async () => {},
  };
}
