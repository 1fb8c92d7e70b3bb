/** The policy that a newcomer's engine runs, encoder included, in its own process. */
import { systemClock } from '../../main/api/clock.ts';
import { createPolicyClient } from '../../main/engine/policy/policy-client.ts';
import { CELL_ENCODER_MANIFEST, starterManifestFor } from '../../main/models/assets.ts';

export function shippedPolicy() {
  return {
    policy: createPolicyClient({ clock: systemClock, encoderManifestPath: CELL_ENCODER_MANIFEST }),
    policyManifestPath: starterManifestFor('insert'),
  };
}
