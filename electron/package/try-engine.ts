/**
 * Starts a gathered engine as the packaged shell does, under its own Node. Waits until it announces its URL and
 * answers, then stops it as the shell does.
 */
import { constants, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../main/api/clock.ts';
import { findEngine, launchEngine } from '../engine/child.ts';
import { createEngineProcess, type EngineState } from '../engine/engine-process.ts';
import { engineOrigin } from '../window/navigation-policy.ts';

/** Tries a copy in a temporary folder, so that Node cannot find the repository's packages. */
export async function tryEngineElsewhere(engine: string, clock: Clock) {
  const elsewhere = mkdtempSync(join(tmpdir(), 'takeover-moved-'));
  try {
    cpSync(engine, elsewhere, { recursive: true, mode: constants.COPYFILE_FICLONE });
    return await tryEngine(elsewhere, clock);
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

export async function tryEngine(engine: string, clock: Clock) {
  const place = mkdtempSync(join(tmpdir(), 'takeover-package-'));
  try {
    const settled = Promise.withResolvers<EngineState>();
    const process = createEngineProcess({
      launch: (events) => launchEngine(findEngine(engine, true), join(place, 'project'), events),
      clock,
      changed: (state) => {
        if (state.kind !== 'starting') settled.resolve(state);
      },
    });
    const startedMs = clock.nowMs();
    process.start();
    const state = await settled.promise;
    const startMs = clock.nowMs() - startedMs;
    const answer = state.kind === 'running' ? await fetch(`${engineOrigin(state.url)}/`) : undefined;
    const page = (await answer?.text()) ?? '';
    await process.stop();
    if (state.kind !== 'running' || !answer?.ok) {
      const what = 'what' in state ? state.what : `It answered ${answer?.status ?? 'nothing'}.`;
      return { ok: false, what: `${what} ${process.logTail().slice(-12).join('\n')}` };
    }
    const seconds = (startMs / 1000).toFixed(1);
    return { ok: true, what: `it starts in ${seconds} s, serves a page of ${page.length} characters, and stops` };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
