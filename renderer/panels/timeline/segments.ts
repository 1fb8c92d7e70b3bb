/** Segments of an episode for the timeline: maximal runs of steps by one actor, and stretches that safety limited. */
import type { Actor, StepSummary } from '../../../main/api/index.ts';
import { isLimited } from '../../words/safety-words.ts';

export interface Stretch {
  /** First step, and the step after the last. */
  readonly from: number;
  readonly to: number;
}
interface Segment extends Stretch {
  readonly actor: Actor;
  readonly idle: boolean;
}

export function segmentsOf(steps: readonly Pick<StepSummary, 'actor' | 'idle' | 'index'>[]): readonly Segment[] {
  const segments: Segment[] = [];
  for (const step of steps) {
    const last = segments[segments.length - 1];
    if (last && last.actor === step.actor && last.idle === step.idle && last.to === step.index)
      segments[segments.length - 1] = { ...last, to: step.index + 1 };
    else segments.push({ actor: step.actor, idle: step.idle, from: step.index, to: step.index + 1 });
  }
  return segments;
}

export function limitedStretches(steps: readonly Pick<StepSummary, 'safety' | 'index'>[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (const { index } of steps.filter(isLimited)) {
    const last = stretches[stretches.length - 1];
    if (last?.to === index) stretches[stretches.length - 1] = { from: last.from, to: index + 1 };
    else stretches.push({ from: index, to: index + 1 });
  }
  return stretches;
}
