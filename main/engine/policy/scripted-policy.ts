/** A privileged script in the policy's place: acts on the simulator's truth, for data and comparisons, never for a learned result. */
import type { ObservationKind } from '../../api/observation.ts';
import { NO_CLASSIFIER, type PolicySource } from './policy-source.ts';

export interface Script {
  /** Begins an episode with its own luck. */
  begin(seed: number): void;
  /** [ACTION_SIZE] in [-1, 1], tool frame. */
  act(): Float32Array;
}

export const SCRIPTED_POLICY_NAME = 'scripted';

export function createScriptedPolicy(script: Script): PolicySource {
  let observation: ObservationKind | undefined;
  return {
    name: () => SCRIPTED_POLICY_NAME,
    encoderSha256: () => undefined,
    load: async () => ({ kind: 'loaded', name: SCRIPTED_POLICY_NAME, actingNoiseStd: 0, encoderSha256: undefined }),
    loadClassifier: async () => NO_CLASSIFIER,
    startEpisode: (opening) => {
      observation = opening.observation;
      script.begin(opening.seed);
    },
    propose: async ({ wantAction, snapshot }) => ({
      kind: 'proposal',
      action: wantAction ? script.act() : undefined,
      // Pictures are embedded when a run reads them; the estimate is kept nowhere else.
      embedding: observation === 'state' ? snapshot.stateEstimate : undefined,
      computeMs: 0,
      saturation: 0,
    }),
    onTrouble: () => () => {},
    close: async () => {},
  };
}
