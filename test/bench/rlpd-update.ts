/**
 * RLPD's block of updates: 20 critic updates (E = 10, Z = 2, 256×256, LayerNorm, batch 256 each), then one of actor and temperature;
 * embedding 384 + proprioception 64. Ours, beside PyTorch.
 */
import { createRng } from '../../main/api/rng.ts';
import { RLPD_PRESETS } from '../../main/learn/algorithms/soft-actor-critic/rlpd.ts';
import { softActorCriticStep } from '../../main/learn/algorithms/soft-actor-critic/soft-actor-critic.ts';
import { besideTorch } from './torch.ts';
import { SIZES, timeStep } from './training-steps.ts';

export async function run(repeats = 10) {
  const step = softActorCriticStep(RLPD_PRESETS.paper, SIZES);
  const rng = createRng(1);
  const compared = await besideTorch((threads) => timeStep(step, { threads }, repeats, rng), 'rlpd-update.py', repeats);
  return { name: 'rlpd-update', criticUpdates: RLPD_PRESETS.paper.criticUpdates, ...compared };
}

if (import.meta.main) console.log(JSON.stringify(await run()));
