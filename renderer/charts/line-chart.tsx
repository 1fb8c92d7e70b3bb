/** The one place that knows uPlot: a small line chart whose data is replaced in place and whose legend names the newest values. */
import './safe-locale.ts';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { type ColorToken, colorOf } from '../tokens.ts';

export interface ChartLine {
  readonly label: string;
  readonly color: ColorToken;
  /** [x, y] in rising x. */
  readonly points: readonly (readonly [number, number])[];
  readonly dashed?: boolean;
}

const HEIGHT_PX = 92;

/** All lines on one axis: the union of their x, with gaps where a line has no value. */
export function aligned(lines: readonly ChartLine[]): [number[], ...(number | null | undefined)[][]] {
  const xs = [...new Set(lines.flatMap((line) => line.points.map(([x]) => x)))].sort((a, b) => a - b);
  const place = new Map(xs.map((x, index) => [x, index]));
  const columns = lines.map((line) => {
    // `undefined` is uPlot's word for "no sample here": the line goes on through it.
    const column: (number | undefined)[] = new Array(xs.length).fill(undefined);
    for (const [x, y] of line.points) column[place.get(x) ?? 0] = y;
    return column;
  });
  return [xs, ...columns];
}

const short = (value: number) => {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.01 || size >= 100_000)) return value.toExponential(1);
  return size >= 100 ? value.toFixed(0) : value.toFixed(size >= 10 ? 1 : 2);
};

export function LineChart({
  title,
  unit,
  lines,
}: {
  readonly title: string;
  readonly unit?: string;
  readonly lines: readonly ChartLine[];
}) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shape = JSON.stringify(lines.map((line) => [line.label, line.color, line.dashed]));

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const axis = {
      stroke: colorOf('muted'),
      font: '11px "Inter Variable"',
      grid: { stroke: colorOf('line'), width: 1 },
      ticks: { show: false },
    };
    const made = new uPlot(
      {
        width: Math.max(80, element.clientWidth),
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { y: false, points: { size: 5 } },
        padding: [6, 4, 0, 0],
        scales: { x: { time: false } },
        axes: [
          {
            ...axis,
            size: 18,
            gap: 2,
            space: 60,
            values: (_, values) => values.map((value) => (value >= 1000 ? `${value / 1000}k` : `${value}`)),
          },
          { ...axis, size: 40, gap: 4, space: 26, values: (_, values) => values.map(short) },
        ],
        series: [
          {},
          ...(JSON.parse(shape) as [string, ColorToken, boolean | undefined][]).map(([label, color, dashed]) => ({
            label,
            stroke: colorOf(color),
            width: 1.5,
            points: { show: false },
            ...(dashed ? { dash: [4, 3] } : {}),
          })),
        ],
      },
      aligned([]),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: Math.max(80, element.clientWidth), height: HEIGHT_PX }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData(aligned(lines));
  }, [lines]);

  return (
    <figure className="chart">
      <figcaption>
        <b>{title}</b>
        {unit ? <span className="muted">{unit}</span> : null}
        <span className="chart-values">
          {lines.map((line) => {
            const last = line.points[line.points.length - 1];
            return (
              <span key={line.label} data-color={line.color} data-dashed={line.dashed}>
                {line.label} {last ? short(last[1]) : '–'}
              </span>
            );
          })}
        </span>
      </figcaption>
      <div ref={host} />
    </figure>
  );
}
