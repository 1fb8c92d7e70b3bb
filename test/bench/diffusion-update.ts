/**
 * One update of a diffusion head by imitation: chunks of 16 actions, predicted noise, 256×256, batch 256; embedding 384 +
 * proprioception 64. Ours, beside PyTorch.
 */
import { createRng } from '../../main/api/rng.ts';
import { imitationStep } from '../../main/learn/algorithms/imitation/imitation.ts';
import { besideTorch } from './torch.ts';
import { DIFFUSION, SIZES, timeStep } from './training-steps.ts';

export async function run(repeats = 60) {
  const step = imitationStep(DIFFUSION, SIZES);
  const rng = createRng(1);
  const compared = await besideTorch(
    (threads) => timeStep(step, { threads }, repeats, rng),
    'diffusion-update.py',
    repeats,
  );
  return { name: 'diffusion-update', ...compared };
}

if (import.meta.main) console.log(JSON.stringify(await run()));
