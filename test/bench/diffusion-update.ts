/**
 * One update of a diffusion head by imitation: chunks of 16 actions, predicted noise, 256×256, batch 256; embedding 384 +
 * proprioception 64. One ONNX graph of ours, beside PyTorch.
 */
import { createRng } from '../../main/api/rng.ts';
import { imitationStep } from '../../main/learn/algorithms/imitation.ts';
import { IMITATION_PRESETS, type ImitationConfig } from '../../main/learn/algorithms/imitation-config.ts';
import { besideTorch } from './torch.ts';
import { SIZES, timeStep } from './training-steps.ts';

const CONFIG: ImitationConfig = {
  ...IMITATION_PRESETS.paper,
  hidden: [256, 256],
  proprioceptionFeatures: 0,
  batchSize: 256,
};

export async function run(repeats = 60) {
  const step = imitationStep(CONFIG, SIZES);
  const rng = createRng(1);
  const compared = await besideTorch(
    (threads) => timeStep(step, { threads }, repeats, rng),
    'diffusion-update.py',
    repeats,
  );
  return { name: 'diffusion-update', ...compared };
}

if (import.meta.main) console.log(JSON.stringify(await run()));
