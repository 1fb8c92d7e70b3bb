/** Whole training steps, small enough for the interpreter: what every backend must compute alike. */
import { ACTION_SIZE } from '../../main/api/action.ts';
import { conrftStep } from '../../main/learn/algorithms/conrft/conrft.ts';
import { PRESETS } from '../../main/learn/algorithms/conrft/conrft-config.ts';
import type { Step } from '../../main/tensor/step.ts';

const MASK = Array.from({ length: ACTION_SIZE }, (_, index) => index < 6);

function conrft(preset: keyof typeof PRESETS, stage: 'offline' | 'online'): Step {
  const config = PRESETS[preset];
  const proprioceptionFeatures = config.proprioceptionFeatures && 3;
  const small = { ...config, hidden: [8, 6], proprioceptionFeatures, batchSize: 4, calQlActions: 2 };
  return conrftStep(small, stage, { embedding: 5, proprioception: 4, actionMask: MASK });
}

export const smallSteps = {
  'ConRFT, cell, online': () => conrft('cell', 'online'),
  'ConRFT, paper, offline': () => conrft('paper', 'offline'),
} satisfies Readonly<Record<string, () => Step>>;
