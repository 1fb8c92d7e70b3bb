/**
 * ConRFT at work: holds the weights, draws the noise, runs the compiled step of `conrft.ts`, reads the metrics.
 * The noise of an update is drawn in a fixed order from one stream, so a stored stream state replays to the byte.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Rng } from '../../../api/rng.ts';
import type { TensorLike } from '../../../tensor/backend.ts';
import { defineStep, type Step } from '../../../tensor/step.ts';
import { input } from '../../../tensor/tensor.ts';
import { initialParameters, parametersFrom } from '../../nets/parameters.ts';
import { clipAction, SIGMA_STEPS, SIGMAS, sample } from '../../policies/consistency.ts';
import { transitionInputs, updateCounters, withMoments } from '../actor-critic-learner.ts';
import type {
  Algorithm,
  Learner,
  LearnerOptions,
  LearnerState,
  Metrics,
  ObservationSizes,
  TransitionBatch,
} from '../algorithm.ts';
import { createArrays } from '../learner-state.ts';
import { observationInput } from '../step-inputs.ts';
import { actorShare, conrftCriticStep, conrftNets, conrftStep } from './conrft.ts';
import { type ConrftConfig, configSchema, PRESETS } from './conrft-config.ts';

/** What a new run takes over from another, by the names of the step's inputs. */
const WEIGHTS = ['actor', 'critic', 'criticTarget'] as const;

export const conrft: Algorithm<ConrftConfig> = {
  name: 'conrft',
  presets: PRESETS,
  parseConfig: (value) => configSchema.parse(value),
  createLearner: createConrftLearner,
  policyStep: conrftPolicyStep,
  policyParameters: (config, sizes) => conrftNets(config, sizes).actorParameters,
  policyHead: () => ({ head: 'consistency', noiseSize: ACTION_SIZE }),
  criticStep: conrftCriticStep,
};

/** Inputs `embedding` [1, E] (absent when E is 0), `proprioception` [1, P], `noise` [1, A], and each weight by its name; output `action` [1, A]. */
function conrftPolicyStep(config: ConrftConfig, sizes: ObservationSizes): Step {
  const nets = conrftNets(config, sizes);
  const weights = nets.actorParameters.map((spec) => input(spec.name, spec.shape));
  const parameters = parametersFrom(weights, nets.actorParameters);
  const share = actorShare(nets, parameters, observationInput('', [1], sizes));
  return defineStep({ action: clipAction(sample(parameters, nets.head, share, input('noise', [1, ACTION_SIZE]))) });
}

async function createConrftLearner(options: LearnerOptions<ConrftConfig>): Promise<Learner> {
  const { backend, config, stage, sizes, rng } = options;
  const nets = conrftNets(config, sizes);
  const settings = config[stage];
  const compiled = await backend.compile(conrftStep(config, stage, sizes), { name: `conrft-${stage}` });
  const noise = createNoise(config, stage, rng);

  const weights = rng.split('initial weights');
  const critic = initialParameters(nets.criticParameters, weights);
  const actor = initialParameters(nets.actorParameters, weights);
  const averages = config.averageTau < 1;
  const arrays = createArrays(
    {
      ...withMoments('actor', actor),
      ...(averages && { actorAverage: actor.slice() }),
      ...withMoments('critic', critic),
      criticTarget: critic.slice(),
    },
    compiled.allocate,
  );
  const { counters, ...counting } = updateCounters(settings.criticUpdates);

  const alpha = () =>
    stage === 'online' && config.alphaDecayUpdates > 0
      ? settings.alpha * Math.max(0, 1 - counters.updates / config.alphaDecayUpdates)
      : settings.alpha;
  const weight = new Float32Array(config.batchSize);
  const last = (settings.criticUpdates - 1) * config.batchSize;

  const inputsFrom = (batch: TransitionBatch): Record<string, TensorLike> => {
    const transitions = transitionInputs(batch, settings.criticUpdates * config.batchSize, sizes, config.mcFloor);
    for (let row = 0; row < weight.length; row++)
      weight[row] = batch.imitation[last + row]! * (batch.human[last + row] ? 1 : config.policyImitation);
    return {
      ...arrays.current,
      ...noise.draw(),
      ...transitions,
      ...counting.corrections(),
      imitationWeight: weight,
      learningRate: config.learningRate,
      beta: settings.beta,
      eta: counters.criticUpdates >= config.criticWarmupUpdates ? settings.eta : 0,
      ...(settings.alpha > 0 && { alpha: alpha(), monteCarloReturn: batch.monteCarloReturn }),
    };
  };

  const update = async (batch: TransitionBatch): Promise<Metrics> => {
    const metrics = arrays.accept(await compiled.run(inputsFrom(batch), arrays.places()));
    counting.count();
    return metrics;
  };

  return {
    batches: settings.criticUpdates,
    batchSize: config.batchSize,
    policyParameters: nets.actorParameters,
    update,
    policyWeights: () => arrays.current['actorAverage'] ?? arrays.current['actor']!,
    updates: () => counters.updates,
    state: () => ({ arrays: arrays.copy(), counters: { ...counters } }),
    restore: (state) => {
      arrays.take(state.arrays, Object.keys(arrays.current));
      counting.restore(state);
    },
    startFrom: (state) => {
      const { actor: given, actorAverage: average = given } = state.arrays;
      const all: LearnerState['arrays'] = { ...state.arrays, ...(averages && average && { actorAverage: average }) };
      arrays.take(
        all,
        [...WEIGHTS, ...(averages ? ['actorAverage'] : [])].filter((name) => all[name]),
      );
      counting.startFrom(state);
    },
    dispose: () => compiled.dispose(),
  };
}

/** Buffers for an update's noise, filled anew by every `draw` in the order in which they are listed. */
function createNoise(config: ConrftConfig, stage: 'offline' | 'online', rng: Rng) {
  const [C, B, A] = [config[stage].criticUpdates, config.batchSize, ACTION_SIZE];
  const normals = { nextNoise: new Float32Array(C * B * A), imitationNoise: new Float32Array(B * A) };
  const acting = new Float32Array(B * A);
  const sigma = new Float32Array(B);
  const wide = C * B * config.calQlActions * A;
  const conservative =
    config[stage].alpha > 0 ? { hereNoise: new Float32Array(wide), thereNoise: new Float32Array(wide) } : undefined;
  const random = conservative && new Float32Array(wide);
  const fill = (array: Float32Array) => {
    for (let index = 0; index < array.length; index++) array[index] = rng.normal();
  };
  return {
    draw: (): Record<string, Float32Array> => {
      for (const array of Object.values(normals)) fill(array);
      fill(acting);
      // the smallest σ is never drawn, as in the released code
      for (let index = 0; index < B; index++) sigma[index] = SIGMAS[rng.integer(SIGMA_STEPS - 1)]!;
      if (!conservative || !random) return { ...normals, actingNoise: acting, sigma };
      for (const array of Object.values(conservative)) fill(array);
      for (let index = 0; index < wide; index++) random[index] = rng.range(-1, 1);
      return { ...normals, actingNoise: acting, sigma, ...conservative, randomActions: random };
    },
  };
}
