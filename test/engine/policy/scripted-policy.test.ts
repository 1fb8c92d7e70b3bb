/** Tests the answers of the scripted policy: they hold what a run learns from, by the kind of observation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObservationKind } from '../../../main/api/observation.ts';
import { createScriptedPolicy } from '../../../main/engine/policy/scripted-policy.ts';
import type { Snapshot } from '../../../native/device.ts';

const ESTIMATE = Float32Array.of(0.5, -0.5, 0.1, 0, 0, 0, 0.2);

function rig(observation: ObservationKind) {
  const begun: number[] = [];
  const policy = createScriptedPolicy({ begin: (seed) => begun.push(seed), act: () => Float32Array.of(1) });
  policy.startEpisode({ seed: 7, actingNoiseStd: 0, observation });
  // The policy reads no robot state.
  const snapshot = { frames: [], tactile: [], task: undefined, stateEstimate: ESTIMATE } as unknown as Snapshot;
  const ask = (wantAction: boolean) =>
    policy.propose({ sequence: 0, snapshot, proprioception: new Float32Array(), wantAction, interrupted: false });
  return { begun, ask };
}

test('in episodes of state the estimate is stored; pictures are embedded when they are learned from', async () => {
  for (const [observation, embedding] of [
    ['state', ESTIMATE],
    ['pixels', undefined],
    ['blind', undefined],
  ] as const) {
    const { begun, ask } = rig(observation);
    const reply = await ask(true);
    assert.deepEqual(begun, [7]);
    assert.deepEqual(reply.kind === 'proposal' && [reply.action, reply.embedding], [Float32Array.of(1), embedding]);
    const last = await ask(false);
    assert.deepEqual(last.kind === 'proposal' && [last.action, last.embedding], [undefined, embedding]);
  }
});
