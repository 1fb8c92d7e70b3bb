/** Records with every field filled from a seed, and temporary project folders. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStoreReader } from '../../data/reading/reader.ts';
import { openStoreWriter, type QueuedStoreWriter, type WriterOptions } from '../../data/recording/writer.ts';
import type {
  EpisodeEnd,
  EpisodeStart,
  ObservationRecord,
  StepRecord,
  StoreReader,
  StoreWriter,
} from '../../data/records.ts';
import type { Actor } from '../../main/api/action.ts';
import type { Mode } from '../../main/api/episode.ts';
import { errorInWords } from '../../main/api/error-words.ts';
import type { Vec6 } from '../../main/api/geometry.ts';
import type { CameraFrame, TactileFrame } from '../../main/api/observation.ts';
import type { Rng } from '../../main/api/rng.ts';

/** Checks that an error's message, followed by its remedy, matches these words. */
export const saying = (words: RegExp) => (error: unknown) => {
  assert.match(errorInWords(error), words);
  return true;
};

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'takeover-test-'));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Writers and readers of the running test. They are closed with its folder, because a thread keeps a process alive. */
const open = new Set<{ close(): Promise<void> }>();

/** Runs `body` with a fresh folder. Closes its writers and readers and removes the folder afterwards. */
export async function inFolder<T>(body: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = temporaryFolder();
  try {
    return await body(folder);
  } finally {
    for (const one of open) await one.close();
    open.clear();
    removeFolder(folder);
  }
}

export async function openWriter(folder: string, more: Partial<WriterOptions> = {}): Promise<QueuedStoreWriter> {
  const writer = await openStoreWriter({ folder, reserveBytes: 0, ...more });
  open.add(writer);
  return writer;
}

export async function openReader(folder: string): Promise<StoreReader> {
  const reader = await openStoreReader(folder);
  open.add(reader);
  return reader;
}

export interface PictureSize {
  readonly sizePx: number;
  readonly taxels: number;
  readonly embeddingSize: number;
}

export const SMALL: PictureSize = { sizePx: 8, taxels: 4, embeddingSize: 6 };
/** The sizes that the cell records. */
export const FULL: PictureSize = { sizePx: 128, taxels: 16, embeddingSize: 384 };

function floats(rng: Rng, length: number): Float32Array {
  return Float32Array.from({ length }, () => rng.range(-1, 1));
}

function vec6(rng: Rng): Vec6 {
  return [rng.normal(), rng.normal(), rng.normal(), rng.normal(), rng.normal(), rng.normal()];
}

/** Makes a picture like a rendered scene: smooth surfaces, edges, and the noise of anti-aliasing along them. */
export function picture(rng: Rng, camera: string, sizePx: number): CameraFrame {
  const rgb = new Uint8Array(sizePx * sizePx * 3);
  const [left, top, slope] = [rng.integer(sizePx), rng.integer(sizePx), rng.range(0.2, 1)];
  for (let y = 0; y < sizePx; y++)
    for (let x = 0; x < sizePx; x++) {
      const inside = Math.abs(x - left) < sizePx / 5 && Math.abs(y - top) < sizePx / 4;
      const base = inside ? 40 + slope * (x + 2 * y) : 190 - 0.4 * y + 0.1 * slope * x;
      for (let channel = 0; channel < 3; channel++) rgb[3 * (y * sizePx + x) + channel] = base - 13 * channel;
    }
  for (let count = sizePx * 4; count > 0; count--) rgb[rng.integer(rgb.length)] = rng.integer(256);
  return { camera, widthPx: sizePx, heightPx: sizePx, rgb };
}

function pad(rng: Rng, name: string, taxels: number): TactileFrame {
  const forceN = new Float32Array(3 * taxels * taxels);
  // Contact covers a part of the pad; the rest reads zero.
  const from = rng.integer(taxels);
  for (let row = from; row < taxels; row++)
    for (let column = 0; column < taxels; column++)
      for (let plane = 0; plane < 3; plane++)
        forceN[(plane * taxels + row) * taxels + column] = rng.range(0, 1) * (plane === 0 ? 1 : 0.1);
  return {
    pad: name,
    rows: taxels,
    columns: taxels,
    forceN,
    total: [rng.normal(), rng.normal(), rng.normal(), rng.normal()],
  };
}

export function observation(rng: Rng, timeMs: number, size: PictureSize = SMALL): ObservationRecord {
  return {
    timeMs,
    baseFromTool: { positionM: [rng.normal(), rng.normal(), rng.normal()], orientation: [0, rng.normal(), 0, 1] },
    twistInTool: vec6(rng),
    wrenchInTool: vec6(rng),
    jointPositionsRad: [rng.normal(), rng.normal(), rng.normal(), rng.normal(), rng.normal(), rng.normal(), 0.1],
    gripperOpeningM: rng.uniform() * 0.08,
    proprioception: floats(rng, 27),
    embedding: size.embeddingSize > 0 ? floats(rng, size.embeddingSize) : undefined,
    frames: [picture(rng, 'wrist', size.sizePx), picture(rng, 'side', size.sizePx)],
    tactile: [pad(rng, 'left', size.taxels), pad(rng, 'right', size.taxels)],
    scenePoses: floats(rng, 7 * 12),
  };
}

export function start(
  rng: Rng,
  mode: Mode = 'run',
  size: PictureSize = SMALL,
  more: Partial<EpisodeStart> = {},
): EpisodeStart {
  return {
    task: 'insert',
    mode,
    observation: 'pixels',
    seed: rng.integer(1_000_000),
    policy: mode === 'run' ? 'starter' : undefined,
    policyIsCandidate: false,
    actingNoiseStd: 0,
    periodMs: 100,
    successBy: 'simulator',
    startedAtMs: 1_700_000_000_000,
    encoderSha256: 'e'.repeat(64),
    first: observation(rng, 0, size),
    ...more,
  };
}

export function step(
  rng: Rng,
  index: number,
  actor: Actor = 'policy',
  size: PictureSize = SMALL,
  more: Partial<StepRecord> = {},
): StepRecord {
  return {
    index,
    actor,
    idle: false,
    action: floats(rng, 7),
    policyAction: actor === 'human' ? undefined : floats(rng, 7),
    humanAction: actor === 'policy' ? undefined : floats(rng, 7),
    takeoverSubstep: actor === 'mixed' ? 12 : undefined,
    reward: -0.05,
    terminated: false,
    truncated: false,
    effectDelayMs: 30 + rng.uniform(),
    late: false,
    safety: index % 3 === 0 ? ['lead'] : [],
    next: observation(rng, 100 * (index + 1), size),
    ...more,
  };
}

/** Records one whole episode. Returns its id. */
export function recordEpisode(
  writer: Pick<StoreWriter, 'beginEpisode' | 'appendStep' | 'endEpisode'>,
  rng: Rng,
  actors: readonly Actor[],
  options: {
    readonly mode?: Mode;
    readonly size?: PictureSize;
    readonly end?: EpisodeEnd;
    readonly idle?: readonly number[];
    readonly start?: Partial<EpisodeStart>;
  } = {},
): number {
  const size = options.size ?? SMALL;
  const end = options.end ?? { outcome: 'success', judge: 'simulator' };
  const episodeId = writer.beginEpisode(start(rng, options.mode ?? 'run', size, options.start));
  actors.forEach((actor, index) => {
    const last = index === actors.length - 1;
    writer.appendStep(
      episodeId,
      step(rng, index, actor, size, {
        idle: options.idle?.includes(index) ?? false,
        reward: last && end.outcome === 'success' ? 10 : -0.05,
        terminated: last && (end.outcome === 'success' || end.outcome === 'failure'),
        truncated: last && end.outcome === 'truncated',
      }),
    );
  });
  writer.endEpisode(episodeId, end);
  return episodeId;
}
