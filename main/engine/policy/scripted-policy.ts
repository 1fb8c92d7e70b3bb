/**
 * A script in the policy's place. It acts on the simulator's truth, so it serves data and comparisons, never a learned
 * result.
 */
import type { ObservationKind } from '../../api/observation.ts';
import { noPolicy, type PolicySource } from './policy-source.ts';

export interface Script {
  /** Begins an episode. The seed decides the script's random choices. */
  begin(seed: number): void;
  /** Returns the action: [ACTION_SIZE] in [-1, 1], tool frame. */
  act(): Float32Array;
}

export const SCRIPTED_POLICY_NAME = 'scripted';

export function createScriptedPolicy(script: Script): PolicySource {
  let observation: ObservationKind | undefined;
  return {
    ...noPolicy(),
    name: () => SCRIPTED_POLICY_NAME,
    load: async () => ({ kind: 'loaded', name: SCRIPTED_POLICY_NAME, actingNoiseStd: 0, encoderSha256: undefined }),
    startEpisode: (opening) => {
      observation = opening.observation;
      script.begin(opening.seed);
    },
    propose: async ({ wantAction, snapshot }) => ({
      kind: 'proposal',
      action: wantAction ? script.act() : undefined,
      // A run embeds pictures when it reads them. The state estimate is stored only as the embedding.
      embedding: observation === 'state' ? snapshot.stateEstimate : undefined,
      computeMs: 0,
      saturation: 0,
    }),
  };
}
