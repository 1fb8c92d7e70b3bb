/**
 * The training step of `train-step.ts` written for TensorFlow.js: same nets, losses, optimiser and target update, so that both
 * do the same work. Noise is drawn beforehand and not timed.
 */
import * as tf from '@tensorflow/tfjs';
import type { ConrftNets } from '../../main/learn/algorithms/conrft/conrft-nets.ts';
import type { ParameterSpec } from '../../main/learn/nets/parameters.ts';
import { SIGMA_DATA, SIGMA_MAX, SIGMA_MIN } from '../../main/learn/policies/consistency.ts';
import { type Times, timeUpdates } from './torch.ts';

const GAMMA = 0.98;
const TAU = 0.005;
const LEARNING_RATE = 3e-4;

export interface TfjsWork {
  readonly nets: ConrftNets;
  readonly batch: number;
  readonly observation: number;
  readonly action: number;
}

type Weights = Readonly<Record<string, tf.Variable>>;

function variables(specs: readonly ParameterSpec[], copy = ''): Weights {
  return Object.fromEntries(
    specs.map(({ name, shape, initial }) => {
      const bound = typeof initial === 'object' ? Math.sqrt(6 / (initial.fanIn + initial.fanOut)) : 0;
      const value =
        initial === 'zeros'
          ? tf.zeros([...shape])
          : initial === 'ones'
            ? tf.ones([...shape])
            : tf.randomUniform([...shape], -bound, bound, 'float32', 1);
      return [name, tf.variable(value, copy === '', copy + name)];
    }),
  );
}

const normalize = (x: tf.Tensor) => {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5)));
};

/** Two hidden layers; `first` is the sum of the first layer's products. */
function body(weights: Weights, name: string, first: tf.Tensor): tf.Tensor {
  const of = (key: string) => weights[`${name}.${key}`]!;
  let x = first;
  for (const layer of [0, 1]) {
    if (layer === 1) x = tf.matMul(x, of('1.kernel.hidden'));
    x = tf.add(x, of(`${layer}.bias`));
    x = tf.tanh(tf.add(tf.mul(normalize(x), of(`${layer}.scale`)), of(`${layer}.offset`)));
  }
  return tf.add(tf.matMul(x, of('out.kernel.hidden')), of('out.bias'));
}

function sinusoid(sigma: tf.Tensor): tf.Tensor {
  const frequencies = tf.tensor2d([Array.from({ length: 8 }, (_, k) => 10_000 ** (-k / 7))]);
  const angle = tf.mul(tf.mul(tf.log(sigma), 250), frequencies);
  return tf.concat([tf.sin(angle), tf.cos(angle)], 1);
}

function denoise(actor: Weights, observation: tf.Tensor, x: tf.Tensor, sigma: tf.Tensor): tf.Tensor {
  const at = (name: string) => actor[name]!;
  const time = tf.add(
    tf.matMul(
      tf.tanh(tf.add(tf.matMul(sinusoid(sigma), at('actor.time.0.kernel.time')), at('actor.time.0.bias'))),
      at('actor.time.1.kernel.hidden'),
    ),
    at('actor.time.1.bias'),
  );
  const root = tf.sqrt(tf.add(tf.square(sigma), SIGMA_DATA ** 2));
  const offset = tf.sub(sigma, SIGMA_MIN);
  const first = tf.addN([
    tf.matMul(observation, at('actor.0.kernel.observation')),
    tf.matMul(tf.div(x, root), at('actor.0.kernel.action')),
    tf.add(tf.matMul(time, at('actor.0.kernel.time')), tf.zeros([x.shape[0]!, 1])),
  ]);
  const skip = tf.div(SIGMA_DATA ** 2, tf.add(tf.square(offset), SIGMA_DATA ** 2));
  const out = tf.div(tf.mul(offset, SIGMA_DATA), root);
  return tf.clipByValue(tf.add(tf.mul(skip, x), tf.mul(out, body(actor, 'actor', first))), -1, 1);
}

/** [E, B] */
function valuesOf(critic: Weights, observation: tf.Tensor, action: tf.Tensor): tf.Tensor {
  const share = (x: tf.Tensor, group: string) => {
    const kernel = critic[`critic.0.kernel.${group}`]!;
    return tf.matMul(tf.tile(tf.expandDims(x, 0), [kernel.shape[0]!, 1, 1]), kernel);
  };
  const first = tf.add(share(observation, 'observation'), share(action, 'action'));
  return tf.squeeze(body(critic, 'critic', first), [2]);
}

/** Times of `repeats` updates, after one to warm up. */
export async function timeTfjs(backend: 'cpu' | 'wasm', work: TfjsWork, repeats: number): Promise<Times> {
  await tf.setBackend(backend);
  await tf.ready();
  const { nets, batch: B, observation: D, action: A } = work;
  const [actor, critic] = [variables(nets.actorParameters), variables(nets.criticParameters)];
  const target = variables(nets.criticParameters, 'target.');
  const [actorAdam, criticAdam] = [tf.train.adam(LEARNING_RATE), tf.train.adam(LEARNING_RATE)];
  const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.5, 'float32', seed);
  const [observation, next] = [normal([B, D], 1), normal([B, D], 2)];
  const [action, noise, reward] = [tf.clipByValue(normal([B, A], 3), -1, 1), normal([B, A], 4), normal([B], 5)];
  const sigma = tf.exp(tf.randomUniform([B, 1], Math.log(0.003), Math.log(80), 'float32', 6));
  const top = tf.tensor2d([[SIGMA_MAX]]);
  const act = (at: tf.Tensor) => denoise(actor, at, tf.mul(noise, SIGMA_MAX), top);

  const criticUpdate = () =>
    tf.tidy(() => {
      const y = tf.add(reward, tf.mul(tf.min(valuesOf(target, next, act(next)), 0), GAMMA));
      criticAdam.minimize(
        () => tf.mean(tf.square(tf.sub(valuesOf(critic, observation, action), y))) as tf.Scalar,
        false,
        Object.values(critic),
      );
      for (const [name, slow] of Object.entries(target))
        slow.assign(tf.add(slow, tf.mul(tf.sub(critic[name]!, slow), TAU)) as tf.Tensor);
    });
  const actorUpdate = () =>
    tf.tidy(() => {
      actorAdam.minimize(
        () => {
          const rebuilt = denoise(actor, observation, tf.add(action, tf.mul(sigma, noise)), sigma);
          const lambda = tf.add(tf.reciprocal(tf.square(tf.squeeze(sigma, [1]))), 1 / SIGMA_DATA ** 2);
          const bc = tf.mean(tf.mul(lambda, tf.mean(tf.square(tf.sub(rebuilt, action)), 1)));
          return tf.sub(tf.mul(bc, 0.5), tf.mean(valuesOf(critic, observation, act(observation)))) as tf.Scalar;
        },
        false,
        Object.values(actor),
      );
    });
  const update = async () => {
    criticUpdate();
    criticUpdate();
    actorUpdate();
    await Object.values(actor)[0]!.data();
  };
  const times = await timeUpdates(update, repeats, 1);
  tf.disposeVariables();
  return times;
}
