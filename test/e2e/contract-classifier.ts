/**
 * A reward classifier as a project has one after an evening, with scores made up from two bell curves; test data only.
 */
import { type ClassifierManifest, type ClassifierState, classifierManifestSchema } from '../../main/api/index.ts';
import { createRng } from '../../main/api/rng.ts';
import { chooseThreshold, type ScoredFrame, thresholdCurve } from '../../main/learn/classifier/classifier-threshold.ts';

export function madeUpClassifier(number: number): ClassifierManifest {
  const rng = createRng(number);
  const scored: ScoredFrame[] = Array.from({ length: 420 }, (_, index) => {
    const positive = index < 72;
    return { positive, logit: positive ? 4.5 + rng.normal() : -4 + 2 * rng.normal() };
  });
  const threshold = chooseThreshold(scored);
  return classifierManifestSchema.parse({
    kind: 'classifier',
    name: `classifier-${number}`,
    task: 'insert',
    observation: 'pixels',
    model: 'classifier.onnx',
    sha256: 'c'.repeat(64),
    embeddingSize: 64,
    proprioceptionSize: 0,
    encoderSha256: 'e'.repeat(64),
    threshold,
    ruleThreshold: threshold,
    seed: number,
    updates: 300,
    frames: {
      live: { positives: 42, negatives: 118 },
      episode: { positives: 0, negatives: 0 },
      rule: { positives: 198, negatives: 1042 },
    },
    training: { positives: 168, negatives: 812, episodes: 17 },
    heldOut: { positives: 72, negatives: 348, episodes: 7 },
    curve: thresholdCurve(scored, threshold),
    createdAtMs: 1_780_000_500_000,
  });
}

export const noClassifier: ClassifierState = { training: false, classifiers: [] };
