/** ConRFT as an algorithm of a run: what it adds to `actor-critic-learner.ts`, and the noise of `conrft.ts`. */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Stage } from '../../../api/run.ts';
import { initialParameters } from '../../nets/parameters.ts';
import { drawSigma } from '../../policies/consistency.ts';
import { createActorCriticLearner, type UpdateCounters } from '../actor-critic-learner.ts';
import type { Algorithm, Learner, LearnerOptions, TransitionBatch } from '../algorithm.ts';
import { withMoments } from '../learner-arrays.ts';
import { normalBuffer, type RandomBuffer, randomBuffer } from '../random-inputs.ts';
import { settingsForMaps } from '../spatial-settings.ts';
import { conrftCriticStep, conrftPolicyStep, conrftStep } from './conrft.ts';
import { type ConrftConfig, configSchema, PRESETS } from './conrft-config.ts';
import { conrftNets } from './conrft-nets.ts';

export const conrft: Algorithm<ConrftConfig> = {
  name: 'conrft',
  presets: PRESETS,
  settingsForMaps,
  parseConfig: (value) => configSchema.parse(value),
  createLearner: createConrftLearner,
  policyStep: conrftPolicyStep,
  policyParameters: (config, sizes) => conrftNets(config, sizes).actorParameters,
  policyHead: ({ gripper }) => ({
    head: 'consistency',
    noiseSize: ACTION_SIZE,
    ...(gripper === 'open-or-close' && { discreteGripper: true }),
  }),
  criticStep: conrftCriticStep,
};

function createConrftLearner(options: LearnerOptions<ConrftConfig>): Promise<Learner> {
  const { backend, config, stage, sizes, rng } = options;
  const nets = conrftNets(config, sizes);
  const { criticUpdates } = config[stage];
  const weights = rng.split('initial weights');
  const critic = initialParameters(nets.criticParameters, weights);
  const actor = initialParameters(nets.actorParameters, weights);
  const averages = config.averageTau < 1;
  return createActorCriticLearner(backend, rng, {
    name: `conrft-${stage}`,
    step: conrftStep(config, stage, sizes),
    config,
    criticUpdates,
    ...(config.actorDrift && { actorAdamSteps: criticUpdates }),
    sizes,
    policyParameters: nets.actorParameters,
    initial: {
      ...withMoments('actor', actor),
      ...(averages && { actorAverage: actor.slice() }),
      ...withMoments('critic', critic),
      criticTarget: critic.slice(),
    },
    randomBuffers: randomBuffers(config, stage),
    ownInputs: ownInputs(config, stage, config.scheduleByLength ? (options.length ?? 1) : 1),
    policyWeights: (current) => current['actorAverage'] ?? current['actor']!,
    takeWeights: (arrays, given) => {
      const average = averages && (given['actorAverage'] ?? given['actor']);
      const all = average ? { ...given, actorAverage: average } : given;
      const names = ['actor', 'critic', 'criticTarget', ...(averages ? ['actorAverage'] : [])];
      const held = names.filter((name) => all[name]);
      arrays.take(all, held);
    },
  });
}

/** `length`: factor on the schedules. Returns the weights of the losses, and of each sample in the imitation loss of the last critic update's batch. */
function ownInputs(config: ConrftConfig, stage: Stage, length: number) {
  const { criticUpdates, alpha, beta, eta } = config[stage];
  const [decayUpdates, warmupUpdates] = [config.alphaDecayUpdates * length, config.criticWarmupUpdates * length];
  const fades = stage === 'online' && decayUpdates > 0;
  const imitationWeight = new Float32Array(config.batchSize);
  const first = (criticUpdates - 1) * config.batchSize;
  return (batch: TransitionBatch, counters: UpdateCounters) => {
    for (let row = 0; row < imitationWeight.length; row++)
      imitationWeight[row] = batch.imitation[first + row]! * (batch.human[first + row] ? 1 : config.policyImitation);
    const left = fades ? Math.max(0, 1 - counters.updates / decayUpdates) : 1;
    const faded = left * alpha + (1 - left) * config.alphaAtEnd;
    return {
      imitationWeight,
      beta,
      eta: counters.criticUpdates >= warmupUpdates ? eta : 0,
      ...(alpha > 0 && { alpha: faded, monteCarloReturn: batch.monteCarloReturn }),
    };
  };
}

function randomBuffers(config: ConrftConfig, stage: Stage): RandomBuffer[] {
  const { criticUpdates: C, alpha } = config[stage];
  const [B, A] = [config.batchSize, ACTION_SIZE];
  const proposals = C * B * config.calQlActions * A;
  return [
    normalBuffer('nextNoise', C * B * A),
    normalBuffer('imitationNoise', B * A),
    normalBuffer('actingNoise', B * A),
    randomBuffer('sigma', B, drawSigma),
    ...(alpha > 0
      ? [
          normalBuffer('hereNoise', proposals),
          normalBuffer('thereNoise', proposals),
          randomBuffer('randomActions', proposals, (rng) => rng.range(-1, 1)),
        ]
      : []),
  ];
}
