/** An episode as the simulated cell records it, with the pictures and pads of the moment: what a bench of the store needs. */
import type { EpisodeStart, StepRecord } from '../../data/records.ts';
import { createRng } from '../../main/api/rng.ts';
import { episodeSeed } from '../../main/api/task.ts';
import { createHeadlessRig } from '../../main/engine/headless-rig.ts';
import { createFakeWriter } from '../engine/rig.ts';

export interface RecordedEpisode {
  readonly start: EpisodeStart;
  readonly steps: readonly StepRecord[];
}

/** The scripted expert's; the embeddings are random numbers, which compress as badly as real ones. */
export async function recordCellEpisode(embeddingSize: number): Promise<RecordedEpisode> {
  const writer = createFakeWriter();
  const rig = await createHeadlessRig({
    ...{ projectFolder: '', task: 'insert', observation: 'pixels', encoderManifestPath: undefined, writer },
    policy: { kind: 'scripted' },
  });
  const ran = await rig.episode(episodeSeed('training', 0), 'alone');
  await rig.close();
  const [episode] = writer.episodes;
  if (ran.kind === 'refused' || !episode) throw new Error('the scripted expert recorded nothing');
  const rng = createRng(1);
  const embedding = () => Float32Array.from({ length: embeddingSize }, () => rng.normal());
  return {
    start: { ...episode.start, first: { ...episode.start.first, embedding: embedding() } },
    steps: episode.steps.map((step) => ({ ...step, next: { ...step.next, embedding: embedding() } })),
  };
}
