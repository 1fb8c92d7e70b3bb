/**
 * Cal-QL alone (Nakamoto et al. 2023, arXiv 2303.05479): critics with the conservative term, and a policy that follows them and
 * imitates nobody. It is made of ConRFT's parts, nets and settings:
 *   actor    L = −mean Qᵢ(s, π(s)), from the first update on        critic   TD + α · CalQL, online too
 * Neither preset has the additions of ConRFT's `cell`: no Monte-Carlo floor, no running average, no warm-up, no fading α.
 *
 * Differs from Cal-QL, in both presets:
 * - The policy is ConRFT's consistency policy, which has no likelihood: no entropy term, no temperature, and no importance
 *   weights in the conservative term.
 * - The return also bounds the values of random actions, as in ConRFT's released code; theirs bounds only the policy's. Its
 *   importance-weighted logsumexp leaves out the data's action.
 * - α is constant. The official AntMaze script multiplies 5 by a learned Lagrange multiplier (target gap 0.8), and its
 *   critics have four layers of 256.
 * - The target takes one action of the policy; theirs takes the best of ten.
 * - The actor climbs the mean of the critics, theirs the minimum. It learns at the critics' rate of 3e-4, theirs at 1e-4.
 * - Nets, γ and the critic updates per actor update are ConRFT's, with the deviations at the head of `conrft.ts`.
 *
 * `cell` also has 128-wide nets without an encoder of the proprioception, N = 4 instead of 10 actions per source, and
 * acting noise.
 */
import type { Algorithm } from '../algorithm.ts';
import { type ConrftConfig, PRESETS } from './conrft-config.ts';
import { conrft } from './conrft-learner.ts';

const withoutImitation = (config: ConrftConfig, alpha: number): ConrftConfig => ({
  ...config,
  mcFloor: 'off',
  averageTau: 1,
  criticWarmupUpdates: 0,
  actorDrift: false, // The official code updates critics and actor together
  alphaDecayUpdates: 0,
  offline: { ...config.offline, beta: 0, eta: 1, alpha },
  online: { ...config.online, beta: 0, eta: 1, alpha },
});

export const calQl: Algorithm<ConrftConfig> = {
  ...conrft,
  name: 'cal-ql',
  presets: {
    paper: withoutImitation(PRESETS.paper, 5), // As for the paper's AntMaze
    cell: withoutImitation(PRESETS.cell, 1), // As for the paper's Adroit: sparse reward and few demonstrations
  },
};
