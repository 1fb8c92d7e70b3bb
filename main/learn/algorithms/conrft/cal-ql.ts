/**
 * Cal-QL alone (Nakamoto et al. 2023, arXiv 2303.05479): critics with the conservative term, and a policy that follows them and imitates
 * nobody. Made of ConRFT's parts, nets and settings:
 *   actor    L = −mean Qᵢ(s, π(s)), from the first update on        critic   TD + α · CalQL, online too: it alone holds the policy to the data
 * Neither preset has what ConRFT's `cell` adds to the paper: no Monte-Carlo floor, no average of weights that acts, no warm-up, no fading α.
 *
 * Differs from Cal-QL, in both presets:
 * - the policy is ConRFT's consistency head, which has no likelihood: no entropy term, no temperature, no importance weights in the
 *   conservative term;
 * - the return bounds the values of random actions too, not those of the policy's alone (as ConRFT's released code has it);
 * - the target takes one action of the policy; theirs takes the best of ten;
 * - the actor climbs the mean of the critics, theirs the least; it learns at the critics' rate of 3e-4, theirs at 1e-4;
 * - nets, γ and the number of critic updates per update of the actor are ConRFT's; so is what stands at the head of `conrft.ts`.
 * In `cell` also: 128-wide nets without an encoder of the proprioception, N = 4 instead of 10 actions per source, acting noise.
 */
import type { Algorithm } from '../algorithm.ts';
import { type ConrftConfig, PRESETS } from './conrft-config.ts';
import { conrft } from './conrft-learner.ts';

const withoutImitation = (config: ConrftConfig, alpha: number): ConrftConfig => ({
  ...config,
  mcFloor: 'off',
  averageTau: 1,
  criticWarmupUpdates: 0,
  alphaDecayUpdates: 0,
  offline: { ...config.offline, beta: 0, eta: 1, alpha },
  online: { ...config.online, beta: 0, eta: 1, alpha },
});

export const calQl: Algorithm<ConrftConfig> = {
  ...conrft,
  name: 'cal-ql',
  presets: {
    paper: withoutImitation(PRESETS.paper, 5), // its AntMaze
    cell: withoutImitation(PRESETS.cell, 1), // its Adroit: sparse reward, few demonstrations, as here
  },
};
