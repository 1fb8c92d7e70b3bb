/** Training steps of the size of real ones, and plausible inputs: what benches run on any backend. */
import { ACTION_SIZE } from '../../main/api/action.ts';
import type { Rng } from '../../main/api/rng.ts';
import { conrftStep } from '../../main/learn/algorithms/conrft/conrft.ts';
import { type ConrftConfig, PRESETS } from '../../main/learn/algorithms/conrft/conrft-config.ts';
import { IMITATION_PRESETS, type ImitationConfig } from '../../main/learn/algorithms/imitation/imitation-config.ts';
import { createArrays } from '../../main/learn/algorithms/learner-arrays.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import type { OrtOptions } from '../../main/tensor/backends/ort-session.ts';
import type { Step } from '../../main/tensor/step.ts';
import { stepInputs } from '../learn/step-inputs.ts';
import { type Times, timeUpdates } from './torch.ts';

export const SIZES = {
  embedding: 384,
  proprioception: 64,
  actionMask: new Array<boolean>(ACTION_SIZE).fill(true),
};

/** A critic update, then a critic and actor update; two critics of 256×256, batch 256. */
export const CONRFT: ConrftConfig = {
  ...PRESETS.paper,
  hidden: [256, 256],
  proprioceptionFeatures: 0,
  batchSize: 256,
};

/** Some six times the work, for processors that `CONRFT` leaves idle. */
const WIDE: ConrftConfig = { ...CONRFT, hidden: [512, 512], batchSize: 512 };

/** A diffusion head on chunks of 16 actions. */
export const DIFFUSION: ImitationConfig = {
  ...IMITATION_PRESETS.paper,
  hidden: [256, 256],
  proprioceptionFeatures: 0,
  batchSize: 256,
};

export const WORKLOADS = {
  conrft: () => conrftStep(CONRFT, 'online', SIZES),
  'conrft-wide': () => conrftStep(WIDE, 'online', SIZES),
} as const satisfies Readonly<Record<string, () => Step>>;
export type Workload = keyof typeof WORKLOADS;

/** Updates as a learner makes them: new state goes into arrays that are lent, and back in the next time. */
export async function timeStep(step: Step, options: OrtOptions, repeats: number, rng: Rng): Promise<Times> {
  const compiled = await createOrtBackend(options).compile(step);
  const inputs = stepInputs(step, rng);
  const states = Object.keys(step.outputs).flatMap((name) =>
    name.startsWith('next.') ? [name.slice('next.'.length)] : [],
  );
  const initial = states.map((name) => [name, inputs[name] as Float32Array] as const); // `stepInputs` draws state as such
  const arrays = createArrays(Object.fromEntries(initial), compiled.allocate);
  const times = await timeUpdates(async () => {
    arrays.accept(await compiled.run({ ...inputs, ...arrays.current }, arrays.nextBuffers()));
  }, repeats);
  await compiled.dispose();
  return times;
}
