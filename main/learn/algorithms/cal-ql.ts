/**
 * Cal-QL alone (Nakamoto et al. 2023, arXiv 2303.05479): the critic of ConRFT with its conservative term, and a policy that follows the
 * critic without imitation. It is ConRFT with β = 0, so that the comparison changes one thing.
 *   actor    L = −mean Qᵢ(s, π(s))        critic   TD + α · CalQL, online too: the conservatism is what holds the policy to the data
 * differs from Cal-QL: the policy is ConRFT's consistency head, which has no likelihood, so there is no entropy term.
 */
import type { Algorithm } from './algorithm.ts';
import { type ConrftConfig, PRESETS } from './conrft-config.ts';
import { conrft } from './conrft-learner.ts';

const withoutImitation = (config: ConrftConfig, alpha: number): ConrftConfig => ({
  ...config,
  criticWarmupUpdates: 0,
  alphaDecayUpdates: 0,
  offline: { ...config.offline, beta: 0, eta: 1, alpha },
  online: { ...config.online, beta: 0, eta: 1, alpha },
});

export const calQl: Algorithm<ConrftConfig> = {
  ...conrft,
  name: 'cal-ql',
  presets: {
    paper: withoutImitation(PRESETS.paper, 5), // Cal-QL's α on its sparse manipulation tasks
    cell: withoutImitation(PRESETS.cell, 1), // α of its Adroit tasks
  },
};
