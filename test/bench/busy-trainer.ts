/**
 * Keeps a real fine-tuning run at work beside a bench. The trainer process is started as the launcher starts it: ConRFT
 * online with the `cell` preset, on a project of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStoreWriter } from '../../data/recording/writer.ts';
import { createRng } from '../../main/api/rng.ts';
import type { RunSpec, RunStatus } from '../../main/api/run.ts';
import { CELL_ENCODER_MANIFEST } from '../../main/models/assets.ts';
import { readEncoderManifest } from '../../main/models/encoder-manifest.ts';
import { limitNow } from '../../main/runs/launchers/granted-trainer.ts';
import { launchLocalTrainer } from '../../main/runs/launchers/local-process.ts';
import { openRunRows, type RunRows } from '../../main/runs/run-rows.ts';
import { recordEpisode } from '../data/fixture.ts';

const EPISODES = 12;
const MANY_UPDATES = 10_000_000;
const ACTORS = Array.from({ length: 60 }, (_, index) => (index > 30 && index < 45 ? 'human' : 'policy'));
const SPEC: RunSpec = {
  ...{ algorithm: 'conrft', preset: 'cell', stage: 'online', task: 'insert', observation: 'pixels', seed: 1 },
};

export interface Training {
  readonly runId: number;
  readonly rows: RunRows;
  /** Once a second. */
  onStatus(listener: (status: RunStatus) => void): () => void;
}

/** Runs `body` while a trainer works; tells how many updates per second it made. */
export async function whileTraining<T>(
  body: (training: Training) => Promise<T>,
): Promise<{ readonly result: T; readonly updatesPerSec: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-bench-'));
  try {
    const { embeddingSize, sha256 } = readEncoderManifest(CELL_ENCODER_MANIFEST);
    const writer = await openStoreWriter({ folder, reserveBytes: 0 });
    const rng = createRng(1);
    for (let episode = 0; episode < EPISODES; episode++) {
      recordEpisode(writer, rng, ACTORS, {
        size: { sizePx: 8, taxels: 4, embeddingSize },
        start: { encoderSha256: sha256 },
      });
      await writer.room();
    }
    await writer.drained();
    await writer.close();
    await using rows = openRunRows(folder);
    const runId = await rows.createRun(SPEC);
    const trainer = launchLocalTrainer({
      ...{ projectFolder: folder, runId, spec: SPEC, threads: 1, pace: 'granted' },
      encoderManifestPath: CELL_ENCODER_MANIFEST,
    });
    let updatesPerSec = 0;
    const working = new Promise<void>((resolve, reject) => {
      trainer.onMessage((message) => {
        if (message.kind === 'failed') reject(new Error(`${message.message} ${message.remedy}`));
        if (message.kind !== 'progress' || message.status.updatesPerSec === 0) return;
        updatesPerSec = message.status.updatesPerSec;
        resolve();
      });
      void trainer.ended.then(({ lastWords }) => reject(new Error(`the trainer ended: ${lastWords}`)));
    });
    trainer.send({ kind: 'grant', ...(await limitNow(folder)), updates: MANY_UPDATES });
    try {
      await working;
      const onStatus: Training['onStatus'] = (listener) =>
        trainer.onMessage((message) => {
          if (message.kind === 'progress') listener(message.status);
        });
      return { result: await body({ runId, rows, onStatus }), updatesPerSec };
    } finally {
      trainer.kill();
      await trainer.ended;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
