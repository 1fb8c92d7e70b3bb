/** Segments of an episode: maximal runs of steps by one actor, as the timeline draws them. */
import type { Actor, StepSummary } from '../main/api/index.ts';

export interface Segment {
  readonly actor: Actor;
  readonly idle: boolean;
  /** First step, and the step after the last. */
  readonly from: number;
  readonly to: number;
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
