/**
 * Measures the cost of image augmentation for a learner that reads the shipped trunk's maps. Shifts that are made once
 * and cached (`views` of the pool) stand against a fresh shift of both observations for every draw, as in HIL-SERL. The
 * update is a critic's: two members, spatial learned embeddings, 256 transitions.
 */
import { createTransitionPool } from '../../data/learning/transition-pool.ts';
import { systemClock } from '../../main/api/clock.ts';
import { createRng, type Rng } from '../../main/api/rng.ts';
import { supervisedStep } from '../../main/learn/encoders/supervised-training.ts';
import { ensemble, ensembleParameters } from '../../main/learn/nets/ensemble.ts';
import { project } from '../../main/learn/nets/mlp.ts';
import { observe, observerFeatures, observerParameters } from '../../main/learn/nets/observer.ts';
import { initialParameters, parameterCount } from '../../main/learn/nets/parameters.ts';
import { SHIFT_PADDING_PX } from '../../main/learn/nets/random-shift.ts';
import { shiftPicture } from '../../main/learn/run/trainer/embed-missing.ts';
import { CELL_TRUNK_MANIFEST } from '../../main/models/assets.ts';
import { loadEncoder } from '../../main/models/encoder-runtime.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { input, mean, square, sub } from '../../main/tensor/tensor.ts';
import { picture } from '../data/fixture.ts';

const BATCH = 256;
const PROPRIOCEPTION = 54;
const VIEWS = 4;
const OBSERVATIONS = 500;
const SPATIAL = { cameras: 2, height: 4, width: 4, channels: 32, features: 8, bottleneck: 256 };

const middle = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;

async function timed(repeats: number, work: (repeat: number) => Promise<unknown> | unknown): Promise<number> {
  const times: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const startedMs = systemClock.nowMs();
    await work(repeat);
    times.push(systemClock.nowMs() - startedMs);
  }
  return middle(times);
}

/** One observation: both cameras shifted, embedded. Milliseconds of each part. */
async function timePictures(rng: Rng, repeats: number) {
  const trunk = await loadEncoder(CELL_TRUNK_MANIFEST);
  const frames = trunk.manifest.cameras.map(({ name, widthPx }) => picture(rng, name, widthPx));
  const shifted = () =>
    frames.map((frame) => shiftPicture(frame, rng.integer(2 * SHIFT_PADDING_PX + 1), 0, SHIFT_PADDING_PX));
  await trunk.embed(frames);
  const embedMs = await timed(repeats, () => trunk.embed(frames));
  const shiftMs = await timed(repeats, shifted);
  await trunk.dispose();
  return { embedMs, shiftMs, embeddingSize: trunk.manifest.embeddingSize };
}

/** One critic's update on maps. */
async function timeUpdate(rng: Rng, embeddingSize: number, repeats: number): Promise<number> {
  const observer = {
    ...{ name: 'observer', embedding: embeddingSize, proprioception: PROPRIOCEPTION, features: 64, spatial: SPATIAL },
  };
  const critic = {
    ...{ name: 'critic', members: 2, hidden: [256, 256] },
    inputs: [{ name: 'seen', size: observerFeatures(observer) }],
  };
  const specs = [...observerParameters(observer), ...ensembleParameters(critic)];
  const config = { epochs: 1, batchSize: BATCH, peakLearningRate: 1e-3, weightDecay: 0, clipNorm: 10 };
  const step = supervisedStep(specs, config, (parameters) => {
    const observation = input('observation', [BATCH, embeddingSize + PROPRIOCEPTION]);
    const seen = observe(parameters, observer, observation);
    const values = ensemble(parameters, critic, [project(parameters, critic, 'seen', seen)]);
    const loss = mean(square(sub(values, input('target', [1, BATCH]))));
    return { minimised: loss, reported: loss };
  });
  const compiled = await createOrtBackend({ threads: 1 }).compile(step);
  const numbers = (count: number) => Float32Array.from({ length: count }, () => rng.uniform());
  const count = parameterCount(specs);
  const feeds = {
    parameters: initialParameters(specs, rng),
    ...{ mean: new Float32Array(count), variance: new Float32Array(count), learningRate: 1e-3, corrections: [1, 1] },
    observation: numbers(BATCH * (embeddingSize + PROPRIOCEPTION)),
    target: numbers(BATCH),
  };
  await compiled.run(feeds);
  const updateMs = await timed(repeats, () => compiled.run(feeds));
  await compiled.dispose();
  return updateMs;
}

/** Drawing one batch from a pool that holds `views` of every observation. */
async function timeDraws(rng: Rng, embeddingSize: number, views: number, repeats: number): Promise<number> {
  const pool = createTransitionPool({ embeddingSize, proprioceptionSize: 27, stack: 2, discount: 0.97, views });
  const embedding = Float32Array.from({ length: embeddingSize }, () => rng.uniform());
  pool.addEpisode({
    ...{ id: 1, task: 'insert', mode: 'run', outcome: 'truncated' },
    observations: Array.from({ length: OBSERVATIONS }, () => ({ proprioception: new Float32Array(27), embedding })),
    steps: Array.from({ length: OBSERVATIONS - 1 }, (_, index) => ({
      ...{ actor: 'policy', idle: false, action: new Float32Array(7), rl: true, demo: false, reward: 0 },
      ...{ terminated: false, truncated: index === OBSERVATIONS - 2 },
    })),
  });
  for (let row = 0; row < OBSERVATIONS; row++)
    for (let view = 1; view < views; view++) pool.setEmbedding(row, embedding, view);
  const batch = pool.createBatch(BATCH);
  pool.sampleBatch(rng, BATCH, 'rl', batch);
  return timed(repeats, () => pool.sampleBatch(rng, BATCH, 'rl', batch));
}

export async function run(repeats = 40) {
  const rng = createRng(1);
  const { embedMs, shiftMs, embeddingSize } = await timePictures(rng, repeats);
  const updateMs = await timeUpdate(rng, embeddingSize, repeats);
  const drawMs = await timeDraws(rng, embeddingSize, 1, repeats);
  const drawViewsMs = await timeDraws(rng, embeddingSize, VIEWS, repeats);
  /** Two observations a transition. */
  const freshMs = 2 * BATCH * (embedMs + shiftMs);
  return {
    name: 'pixel-feed',
    updateMs,
    /** Once per observation, when it is read. */
    perView: { embedMs, shiftMs },
    cached: {
      views: VIEWS,
      ...{ drawMs: drawViewsMs, drawOneViewMs: drawMs },
      bytesPerObservation: 4 * embeddingSize * VIEWS,
      /** The draw's share of the time of an update with its draw. */
      waitingShare: drawViewsMs / (drawViewsMs + updateMs),
    },
    fresh: {
      batchMs: freshMs,
      /** One thread that does both. */
      waitingShare: freshMs / (freshMs + updateMs),
      /** A second thread that prepares the next batch meanwhile, on a core of its own. */
      waitingShareBehindPrefetch: Math.max(0, 1 - updateMs / freshMs),
    },
  };
}

if (import.meta.main) console.log(JSON.stringify(await run(), undefined, 2));
