/** The words about a run: its state and what to do next, and the words about a plan. Pure. */
import type { RunPlan, RunSpec, RunStatus } from '../../main/api/index.ts';
import { JUDGED_EPISODES, type Round, type RunRecord } from '../state/run-record.ts';
import { duration, fixed, grouped, percent } from './format.ts';

interface RunWords {
  /** Text of the badge. */
  readonly state: string;
  readonly tone: 'plain' | 'success' | 'danger';
  readonly says: string;
  readonly next: string;
}

const NAMES: Readonly<Record<RunSpec['algorithm'], string>> = {
  conrft: 'ConRFT',
  'cal-ql': 'Cal-QL',
  rlpd: 'RLPD',
  'hil-serl': 'HIL-SERL',
  imitation: 'Imitation',
  ppo: 'PPO',
};
export const algorithmTitle = (name: RunSpec['algorithm']): string => NAMES[name];

/** Returns for example "offline · cell". */
export const kindOf = ({ stage, recipe, preset }: RunSpec): string => `${stage} · ${recipe ?? preset}`;

const solved = ({ unaided, episodes }: Round) => `${unaided} of ${episodes}`;

export function runWords(run: RunStatus, record: RunRecord): RunWords {
  switch (run.state) {
    case 'waiting':
      return {
        state: 'waiting',
        tone: 'plain',
        says: 'Its trainer starts and reads what was recorded.',
        next: 'Go on driving: nothing waits for it.',
      };
    case 'running':
      return { state: 'running', tone: 'plain', ...running(run) };
    case 'finished':
      return finished(run, record);
    case 'cancelled':
      return {
        state: 'cancelled',
        tone: 'plain',
        says: run.policy
          ? `Cancelled after ${grouped(run.step)} updates. What it had published stays: ${run.policy}.`
          : `Cancelled after ${grouped(run.step)} updates, before it published a policy. Nothing has changed.`,
        next: run.policy ? 'Use its policy, or start a new run from it.' : 'Start a new run.',
      };
    case 'failed':
      return {
        state: 'failed',
        tone: 'danger',
        says: sentence(run.message ?? 'It ended without saying why'),
        next: run.remedy ?? 'Start a new run: it may start from a policy that this one has published.',
      };
    default:
      return run.state satisfies never;
  }
}

function running(run: RunStatus): Pick<RunWords, 'says' | 'next'> {
  if (run.step === 0)
    return { says: 'The first updates are being made.', next: 'Curves appear after the first twenty updates.' };
  if (run.spec.stage === 'offline' || run.owed === undefined)
    return {
      says:
        run.steps === undefined
          ? 'Learning from what was recorded.'
          : `${grouped(run.step)} of ${grouped(run.steps)} updates.`,
      next: 'Go on driving: the newer policy takes the next episode as a candidate.',
    };
  if (run.owed === 0)
    return { says: 'Caught up with what was recorded.', next: 'It learns on with your next episode (N).' };
  const behind = run.updatesPerSec > 0 ? `, ${duration(run.owed / run.updatesPerSec)} at this speed` : '';
  return {
    says: `Behind what was recorded by ${grouped(run.owed)} updates${behind}.`,
    next: 'Go on driving and correcting: it follows.',
  };
}

function finished(run: RunStatus, { before, newest, verdict }: RunRecord): RunWords {
  const state = 'finished';
  const from = run.spec.startFrom ?? 'the policy before it';
  const now = newest && solved(newest);
  const compared = `without help it solved ${now}, ${before && solved(before)} before it.`;
  const again = 'Correct it where it still errs, then fine-tune again (F).';
  switch (verdict) {
    case 'better':
      return {
        state: 'finished, better',
        tone: 'success',
        says: `Better: ${compared}`,
        next: 'Use its policy, and fine-tune online to go on (F).',
      };
    case 'worse':
      return {
        state: 'finished, worse',
        tone: 'danger',
        says: `Worse: ${compared}`,
        next: `Go back to ${from} (B), correct it where it errs, then start a new run from it.`,
      };
    case 'same':
      return { state, tone: 'plain', says: `No clear change: ${compared}`, next: again };
    case 'alone':
      return { state, tone: 'plain', says: `Without help it solved ${now}; no policy drove before it.`, next: again };
    case 'unjudged':
      return {
        state,
        tone: 'plain',
        says: `Not judged yet: its policies drove ${newest?.episodes ?? 0} of the ${JUDGED_EPISODES} episodes that takes.`,
        next: run.policy ? `Use ${run.policy} and start an episode (N).` : 'Start a new run: this one made no policy.',
      };
    default:
      return verdict satisfies never;
  }
}

const sentence = (text: string) => {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
};

/** Says which data an online run's batches come from. */
export function planBatches({ demoShare, ownEpisodes }: Pick<RunPlan, 'demoShare' | 'ownEpisodes'>): string {
  if (ownEpisodes !== undefined)
    return `what its own policy did in its newest ${ownEpisodes} episodes; demonstrations to hold it to what it was`;
  return `${percent(demoShare)} from the demo buffer`;
}

/** Says how long a planned run will take, or why that is not known. */
export function planTakes(plan: RunPlan, stepHz: number): string {
  const { steps, owed, speed, updatesPerStep } = plan;
  const like = speed && `at ${fixed(speed.updatesPerSec, 1)}\u2009/s, as run ${speed.runId}`;
  const unknown = 'How long is not known: no run of this kind was made here yet.';
  if (steps !== undefined)
    return speed
      ? `${grouped(steps)} updates: about ${duration(steps / speed.updatesPerSec)} ${like}.`
      : `${grouped(steps)} updates. ${unknown}`;
  const catchUp = owed > 0 ? `${grouped(owed)} updates to catch up with what is recorded` : 'Nothing to catch up with';
  const each = `then ${fixed(updatesPerStep, updatesPerStep % 1 === 0 ? 0 : 1)} per step, until you cancel it`;
  if (!speed) return `${catchUp}, ${each}. ${unknown}`;
  const long = owed > 0 ? `, about ${duration(owed / speed.updatesPerSec)} ${like}` : '';
  const needed = updatesPerStep * stepHz;
  const keepsUp =
    speed.updatesPerSec >= needed
      ? 'It keeps up with you.'
      : `While you drive it falls behind: ${fixed(needed, 0)}\u2009/s would keep up.`;
  return `${catchUp}${long}; ${each}. ${keepsUp}`;
}
