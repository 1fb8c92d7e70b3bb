/**
 * The charts of a run on one axis of updates, all read at the same update. Another run's curves lie over them, dashed.
 */
import { type KeyboardEvent, useMemo, useState } from 'react';
import type { RunStatus } from '../../../../main/api/index.ts';
import { stepRange } from '../../../charts/axis-range.ts';
import { type Curves, chartsFor } from '../../../charts/curves.ts';
import { LineChart } from '../../../charts/line-chart.tsx';
import { grouped } from '../../../words/format.ts';

interface RunChartsProps {
  readonly run: RunStatus;
  readonly curves: Curves;
  readonly compared: { readonly run: RunStatus; readonly curves: Curves } | undefined;
}

/** Step of an arrow key, as a share of the axis. */
const STRIDE = 0.02;

const newestStep = (curves: Curves) => Math.max(0, ...Object.values(curves).map((points) => points.at(-1)?.[0] ?? 0));

export function RunCharts({ run, curves, compared }: RunChartsProps) {
  const [readAt, setReadAt] = useState<number | undefined>(undefined);
  const end = Math.max(newestStep(curves), compared ? newestStep(compared.curves) : 0);
  const [, high] = stepRange(end, run.steps);
  const xRange = useMemo(() => [0, high] as const, [high]);
  const other = compared?.curves;
  const charts = useMemo(
    () =>
      chartsFor(Object.keys(curves)).map((chart) => ({
        ...chart,
        lines: chart.lines.map(({ metric, label, color }) => ({
          label,
          color,
          points: curves[metric] ?? [],
          ...(other?.[metric] ? { compared: other[metric] } : {}),
        })),
      })),
    [curves, other],
  );
  if (charts.length === 0) return <p className="muted">No curves yet: they begin after the first twenty updates.</p>;
  const move = (event: KeyboardEvent) => {
    const towards = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Home' || event.key === 'End') setReadAt(event.key === 'Home' ? 0 : undefined);
    else if (towards) setReadAt((at) => Math.min(end, Math.max(0, (at ?? end) + towards * STRIDE * high)));
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: this is no group of inputs but one stop of Tab
    <div
      className="charts"
      role="group"
      aria-label="Curves over updates; the arrow keys read them"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys act here
      tabIndex={0}
      onKeyDown={move}
      onBlur={() => setReadAt(undefined)}
    >
      <p className="charts-head">
        <span className="muted" aria-live="off">
          {readAt === undefined ? 'Newest values' : `At update ${grouped(Math.max(0, readAt))}`}
        </span>
        {compared ? (
          <span className="charts-key">
            <i /> run {run.id} <i data-dashed="true" /> run {compared.run.id}
          </span>
        ) : (
          <kbd title="Read the curves with the arrow keys">← →</kbd>
        )}
      </p>
      {charts.map(({ title, unit, axis, lines }) => (
        <LineChart key={title} {...{ title, unit, axis, lines, xRange, readAt }} onRead={setReadAt} />
      ))}
    </div>
  );
}
