/**
 * Chooses a threshold from scores of held-out frames. A false success ends an unsolved episode and teaches the policy a
 * falsehood; a late one costs a tick. So the rule takes the highest recall without any false positive, and keeps a
 * margin beyond it.
 */
import type { CurvePoint } from '../../api/classifier.ts';

export interface ScoredFrame {
  readonly logit: number;
  readonly positive: boolean;
}

/** Distance in logits between the threshold and the highest held-out negative; one logit is e times the odds. */
export const MARGIN_LOGITS = 1;
/** The threshold is never below even odds, however clear the held-out frames are. */
const FLOOR = 0.5;
const CURVE_LOGITS = { low: -8, high: 8, step: 0.1 } as const;

const probabilityOf = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** The held-out confusion when frames with a probability at or above `threshold` count as success. */
export function confusionAt(frames: readonly ScoredFrame[], threshold: number): CurvePoint {
  let [tp, fp, tn, fn] = [0, 0, 0, 0];
  for (const { logit, positive } of frames) {
    const alarm = probabilityOf(logit) >= threshold;
    if (positive) alarm ? tp++ : fn++;
    else alarm ? fp++ : tn++;
  }
  return { threshold, tp, fp, tn, fn };
}

/** The rule's threshold: a margin above the highest negative, and at least even odds. */
export function chooseThreshold(frames: readonly ScoredFrame[]): number {
  const highest = frames.reduce(
    (most, { logit, positive }) => (positive ? most : Math.max(most, logit)),
    Number.NEGATIVE_INFINITY,
  );
  return Math.max(FLOOR, probabilityOf(highest + MARGIN_LOGITS));
}

/** Points at rising thresholds that are evenly spaced in logits, with the rule's own among them. */
export function thresholdCurve(frames: readonly ScoredFrame[], ruleThreshold: number): CurvePoint[] {
  const count = Math.round((CURVE_LOGITS.high - CURVE_LOGITS.low) / CURVE_LOGITS.step);
  const grid = Array.from({ length: count + 1 }, (_, index) =>
    probabilityOf(CURVE_LOGITS.low + index * CURVE_LOGITS.step),
  );
  return [...new Set([...grid, ruleThreshold])]
    .sort((a, b) => a - b)
    .map((threshold) => confusionAt(frames, threshold));
}
