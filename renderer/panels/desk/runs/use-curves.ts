/**
 * The curves of one run. They are fetched once. Then the newest points come with the run's status, at most once a
 * second. A second fetch brings the points between the last stored and the first live one. Later fetches let the engine
 * thin curves that have grown long.
 */
import { useEffect, useState } from 'react';
import type { RunStatus } from '../../../../main/api/index.ts';
import { type Curves, withNewest } from '../../../charts/curves.ts';
import { call } from '../../../engine/engine.ts';
import { ignoreRefusal } from '../../../engine/engine-client.ts';
import { isUnderWay, useEngine } from '../../../state/engine-store.ts';

/** Number of points per curve, which suffices for the pixels of the widest desk. */
const POINTS = 1000;
/**
 * Number of live points before the second fetch, and before each later one. The trainer writes its curves into the
 * store every half a minute.
 */
const FIRST_LIVE_POINTS = 40;
const LIVE_POINTS = 800;

interface Held {
  readonly runId: number;
  readonly curves: Curves;
  /** Number of live points since the last fetch. */
  readonly live: number;
  readonly fetches: number;
}

function withLive(held: Held | undefined, run: RunStatus | undefined): Held | undefined {
  if (!held || !run || held.runId !== run.id) return held;
  const curves = withNewest(held.curves, run);
  return curves === held.curves ? held : { ...held, curves, live: held.live + 1 };
}

const statusOf = (runs: readonly RunStatus[], id: number) => runs.find((run) => run.id === id);

export function useCurves(run: RunStatus | undefined): Curves {
  const [held, setHeld] = useState<Held | undefined>(undefined);
  const [round, setRound] = useState(0);
  const id = run?.id;
  const over = run ? !isUnderWay(run) : false;
  // The curves are fetched in every round, and when the run has ended.
  useEffect(() => {
    if (id === undefined) return;
    let current = true;
    call('run.metrics', { runId: id, points: POINTS })
      .then(({ series }) => {
        if (!current) return;
        setHeld((before) => {
          const fetches = (before?.runId === id ? before.fetches : 0) + 1;
          return withLive({ runId: id, curves: series, live: 0, fetches }, statusOf(useEngine.getState().runs, id));
        });
      })
      .catch(ignoreRefusal);
    return () => {
      current = false;
    };
  }, [id, over, round]);
  // A subscription takes the points, because many statuses come at once after a frozen tab, and React allows few updates
  // from effects in a row.
  useEffect(() => {
    if (id === undefined) return;
    return useEngine.subscribe((state, before) => {
      if (state.runs !== before.runs) setHeld((known) => withLive(known, statusOf(state.runs, id)));
    });
  }, [id]);
  const shown = held?.runId === id ? held : undefined;
  const full = shown !== undefined && shown.live >= (shown.fetches === 1 ? FIRST_LIVE_POINTS : LIVE_POINTS);
  useEffect(() => {
    if (full) setRound((before) => before + 1);
  }, [full]);
  return shown?.curves ?? NOTHING;
}

const NOTHING: Curves = {};
