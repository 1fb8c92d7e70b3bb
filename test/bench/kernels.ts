/**
 * Times training steps as one graph of ONNX Runtime, and divided between ONNX Runtime and our own kernels
 * (`main/tensor/flat/`). Times the optimiser alone too: Adam and a running average of RLPD's critics. The two sides of a
 * pair run one after the other.
 */
import { createRng } from '../../main/api/rng.ts';
import { imitationStep } from '../../main/learn/algorithms/imitation/imitation.ts';
import { RLPD_PRESETS } from '../../main/learn/algorithms/soft-actor-critic/rlpd.ts';
import { softActorCriticStep } from '../../main/learn/algorithms/soft-actor-critic/soft-actor-critic.ts';
import { adamInputs } from '../../main/learn/algorithms/step-inputs.ts';
import { adam, polyak } from '../../main/tensor/optimiser.ts';
import { defineStep, type Step } from '../../main/tensor/step.ts';
import { input } from '../../main/tensor/tensor.ts';
import { DIFFUSION, SIZES, timeStep, WORKLOADS } from './training-steps.ts';

/** Number of parameters of ten critics of 256×256 on 448 + 7 numbers. */
const PARAMETERS = 1_838_090;

function optimiser(): Step {
  const state = adamInputs('critic', PARAMETERS);
  const gradient = input('gradient', [PARAMETERS]);
  const options = { learningRate: input('learningRate', []), corrections: input('corrections', [2]) };
  const next = adam(state, gradient, options);
  return defineStep({
    ...{ 'next.critic': next.parameters, 'next.criticMean': next.mean, 'next.criticVariance': next.variance },
    'next.criticTarget': polyak(input('criticTarget', [PARAMETERS]), next.parameters, 0.005),
  });
}

const STEPS: Readonly<Record<string, { readonly step: () => Step; readonly repeats: number }>> = {
  optimiser: { step: optimiser, repeats: 60 },
  conrft: { step: WORKLOADS.conrft, repeats: 60 },
  rlpd: { step: () => softActorCriticStep(RLPD_PRESETS.paper, SIZES), repeats: 10 },
  diffusion: { step: () => imitationStep(DIFFUSION, SIZES), repeats: 60 },
};

export async function run(limit = Number.POSITIVE_INFINITY) {
  const measured: Record<string, unknown> = {};
  for (const [name, { step, repeats }] of Object.entries(STEPS))
    for (const threads of [1, 2]) {
      const time = async (wholeGraph: boolean) =>
        (await timeStep(step(), { threads, wholeGraph }, Math.min(limit, repeats), createRng(1))).p50Ms;
      const [oneGraphMs, dividedMs] = [await time(true), await time(false)];
      measured[`${name}, ${threads === 1 ? 'one thread' : 'two threads'}`] = {
        ...{ oneGraphMs, dividedMs, ratio: oneGraphMs / dividedMs },
      };
    }
  return { name: 'kernels', ...measured };
}

if (import.meta.main) console.log(JSON.stringify(await run()));
