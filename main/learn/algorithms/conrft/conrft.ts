/**
 * ConRFT: reinforced fine-tuning of a consistency policy on a frozen encoder (Chen et al. 2025, arXiv 2502.05450;
 * released code cccedric/conrft). Stage 1, Cal-ConRFT, is offline on the demo buffer. Stage 2, HIL-ConRFT, is online.
 * Half of its batches come from the RL buffer, half from the demo buffer, which holds demonstrations and interventions.
 *
 *   critic   y = r + γ · bootstrap · minᵢ Q̄ᵢ(s′, a′),  a′ ~ π(s′)        L = mean (Qᵢ(s, a) − y)²  +  α · CalQL;
 *   actor    L = β · BC + η · QLoss        BC: reconstruct a from a + σz at random σ        QLoss = −mean Qᵢ(s, π(s));
 *   target   Q̄ ← Q̄ + τ(Q − Q̄) after every critic update.
 *
 * With the gripper as a choice of its own (`open-or-close`), the nets above control the arm alone. A head π_g of two choices
 * learns beside them, and a critic Q_g that HIL-SERL's penalty p on needless use teaches (`../grasp-critic.ts`):
 *   critic   y_g = r − p + γ · bootstrap · Q̄_g(s′, argmax π_g(s′))   L = mean (Q_g(s, a_g) − y_g)²  +  α · CalQL over both;
 *   actor    L = β · cross-entropy(π_g(s), a_g) − η · mean Σ_c π_g(c|s) Q_g(s, c).
 *
 * When the encoder gives maps (`spatial`), critic and actor each have spatial learned embeddings of their own, as each has its
 * own encoder in the released code: the critic's loss trains the critic's, β · BC + η · QLoss the actor's. There is no dropout.
 *
 * Differs from the released code, in every preset:
 * - The critic sees the frozen encoder's embedding and the proprioception, as the actor does (theirs has its own ResNet).
 * - Each critic has its own last layer (theirs share one by mistake). The squared error has no ½ (the paper has it).
 * - A time-out bootstraps (theirs ends the episode). A masked action dimension is absent from inputs, outputs and losses.
 * - Idle human steps are no imitation target. LayerNorm adds 1e-5 to the variance (theirs 1e-6).
 * - Returns over n > 1 steps run across takeovers, so the policy gets credit for a rescue (`takeoverPenalty`).
 *
 * `paper` and `released-code` follow the released code where it differs from the paper:
 * - The imitation error has the weight σ⁻² + 1/σ_data² = σ⁻² + 4 (the paper's distance has none).
 * - The actor's Adam also steps with a critic-only update, on a zero gradient, so its momentum moves the actor (`actorDrift`).
 *
 * The preset `cell` also has a Monte-Carlo floor under the target and a fading Cal-QL term online. η is 0 until the critics are
 * trained, only people's steps are imitated, a running average acts, and proprioception has no encoder of its own. The actor
 * does not drift.
 *
 * `conrft-config.ts` holds settings and presets, `conrft-nets.ts` the nets, `conrft-critic.ts` the critics' loss and
 * `conrft-gripper.ts` the gripper's two; `conrft-learner.ts` draws the noise and holds the weights.
 * Letters: C critic updates in the step, B batch, A action.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Stage } from '../../../api/run.ts';
import { grad } from '../../../tensor/grad.ts';
import type { Node } from '../../../tensor/ir.ts';
import { type Adam, adam, polyak } from '../../../tensor/optimiser.ts';
import { defineStep, type Step } from '../../../tensor/step.ts';
import {
  abs,
  add,
  cast,
  greaterEqual,
  input,
  max,
  maximum,
  mean,
  mul,
  reshape,
  slice,
  sum,
  zeros,
} from '../../../tensor/tensor.ts';
import { consistencyLoss, maskedError } from '../../losses/generative/consistency.ts';
import { maskedMean } from '../../losses/masked.ts';
import { qLoss } from '../../losses/reinforcement/actor-critic.ts';
import { flatten, parameterCount, parametersFrom, parameterViews } from '../../nets/parameters.ts';
import { clipAction, denoise, SIGMA_DATA, sample } from '../../policies/consistency.ts';
import type { ObservationSizes } from '../algorithm.ts';
import {
  adamInputs,
  adamOutputs,
  criticInputs,
  criticStateInputs,
  criticStateOutputs,
  metricOutputs,
  observationInput,
  parametersOf,
  weightInputs,
} from '../step-inputs.ts';
import type { ConrftConfig } from './conrft-config.ts';
import { calQlInputs, criticLoss } from './conrft-critic.ts';
import { gripperActorLoss, withChosenGripper } from './conrft-gripper.ts';
import { actorShare, type ConrftNets, conrftNets, criticShare, type Evaluation, valuesOf } from './conrft-nets.ts';

/**
 * The whole training step of a stage: C critic updates, and one actor update on the last one's batch, differentiated at the
 * critics before that last one (as in the released code). With `actorDrift` the actor moves after each of the other critic
 * updates, which have seen it before it moves. The new value of an input `x` is `next.x`; metrics are `metric.…`.
 */
export function conrftStep(config: ConrftConfig, stage: Stage, sizes: ObservationSizes): Step {
  const nets = conrftNets(config, sizes);
  const { criticUpdates } = config[stage];
  const conservative = calQlInputs(config, criticUpdates, config[stage].alpha > 0);
  const inputsOf = criticInputs({ ...config, criticUpdates }, sizes, conservative);
  const alpha = input('alpha', []);
  let actor = actorStateInputs(nets);
  const correctionsOf = actorCorrections(config, criticUpdates);
  let critic = criticStateInputs(nets.criticParameters);
  const learningRate = input('learningRate', []);
  let actorOutputs: Record<string, Node> = {};
  let metrics: Record<string, Node> = {};
  for (let update = 0; update < criticUpdates; update++) {
    const { batch, floor, corrections, own } = inputsOf(update);
    const views = parameterViews(critic.parameters, nets.criticParameters);
    const parameters = parametersFrom(views, nets.criticParameters);
    const share = criticShare(nets, parameters, batch.observation);
    const at: Evaluation = { nets, config, sizes, policy: actor.policy, parameters, share, batch };
    const found = criticLoss(at, critic.target, floor, { ...own, alpha });
    metrics = found.metrics;
    if (update === criticUpdates - 1) {
      const improved = actorLoss(at);
      const rates = { learningRate, corrections: correctionsOf(update) };
      const next = adam(actor, flatten(grad(improved.loss, actor.views)), rates);
      actorOutputs = {
        ...adamOutputs('actor', next),
        ...(config.averageTau < 1 && {
          'next.actorAverage': polyak(input('actorAverage', next.parameters.shape), next.parameters, config.averageTau),
        }),
      };
      metrics = { ...metrics, ...improved.metrics, qMax: maximum(found.qMax, improved.qMax) };
    } else if (config.actorDrift) {
      const rates = { learningRate, corrections: correctionsOf(update) };
      actor = actorState(nets, adam(actor, zeros(actor.parameters.shape), rates));
    }
    const next = adam(critic, flatten(grad(found.loss, views)), { learningRate, corrections });
    critic = { ...next, target: polyak(critic.target, next.parameters, config.tau) };
  }
  return defineStep({ ...actorOutputs, ...criticStateOutputs(critic), ...metricOutputs(metrics) });
}

/** The actor with its optimiser state; `views` and `policy` are its parameters by name. */
function actorState(nets: ConrftNets, state: Adam) {
  const views = parameterViews(state.parameters, nets.actorParameters);
  return { ...state, views, policy: parametersFrom(views, nets.actorParameters) };
}

const actorStateInputs = (nets: ConrftNets) =>
  actorState(nets, adamInputs('actor', parameterCount(nets.actorParameters)));

/** Bias corrections of the actor's Adam at each critic update, [2]. Without drift it takes one step, with the last of them. */
function actorCorrections({ actorDrift }: ConrftConfig, criticUpdates: number): (update: number) => Node {
  if (!actorDrift) return () => input('actorCorrections', [2]);
  const all = input('actorCorrections', [criticUpdates, 2]);
  return (update) => reshape(slice(all, 0, update, update + 1), [2]);
}

/** β · BC + η · QLoss, for the arm and for the gripper. */
function actorLoss(at: Evaluation) {
  const { nets, config, policy, parameters, share, batch } = at;
  const [B, A] = [config.batchSize, ACTION_SIZE];
  const mask = nets.policy.actionMask;
  const sigma = input('sigma', [B, 1]);
  const weight = input('imitationWeight', [B]);
  const ownShare = actorShare(nets, policy, batch.observation);
  const noised = add(batch.action, mul(input('imitationNoise', [B, A]), sigma));
  const reconstructed = clipAction(denoise(policy, nets.policy, ownShare, noised, sigma));
  const bc = consistencyLoss(maskedError(reconstructed, batch.action, mask, weight), sigma, weight, SIGMA_DATA);
  const raw = sample(policy, nets.policy, ownShare, input('actingNoise', [B, A]));
  const action = clipAction(raw);
  const values = valuesOf(nets, parameters, share, action);
  const [beta, eta] = [input('beta', []), input('eta', [])];
  const arm = add(mul(bc, beta), mul(qLoss(values), eta));
  const gripper = gripperActorLoss(at, { beta, eta, weight });
  const loss = gripper ? add(arm, gripper.loss) : arm;
  const used = mask.filter(Boolean).length;
  return {
    loss,
    qMax: max(values),
    metrics: {
      actorLoss: loss,
      bcLoss: bc,
      qPolicy: mean(values),
      saturation: mul(sum(cast(greaterEqual(abs(raw), 1), 'float32')), 1 / (B * used)),
      actionError: maskedMean(maskedError(action, batch.action, mask), weight),
      ...gripper?.metrics,
    },
  };
}

/** The critics alone, as `Algorithm.criticStep` describes. */
export function conrftCriticStep(config: ConrftConfig, sizes: ObservationSizes, rows: number): Step {
  const nets = conrftNets(config, sizes);
  const parameters = parametersOf(input('critic', [parameterCount(nets.criticParameters)]), nets.criticParameters);
  const share = criticShare(nets, parameters, observationInput('', [rows], sizes));
  return defineStep({ values: valuesOf(nets, parameters, share, input('action', [rows, ACTION_SIZE])) });
}

/**
 * Inputs `embedding` [1, E] (absent when E is 0), `proprioception` [1, P], `noise` [1, A], and each weight by its name;
 * output `action` [1, A].
 */
export function conrftPolicyStep(config: ConrftConfig, sizes: ObservationSizes): Step {
  const nets = conrftNets(config, sizes);
  const parameters = weightInputs(nets.actorParameters);
  const observation = observationInput('', [1], sizes);
  const share = actorShare(nets, parameters, observation);
  const arm = clipAction(sample(parameters, nets.policy, share, input('noise', [1, ACTION_SIZE])));
  return defineStep({ action: withChosenGripper(nets, parameters, observation, arm) });
}
