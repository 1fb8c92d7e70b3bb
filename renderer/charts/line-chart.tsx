/**
 * The one place that knows uPlot: a small line chart whose data is replaced in place, whose axes stand still, and whose legend says
 * the newest values, or those where it is read. A second run's curves are dashed.
 */
import './safe-locale.ts';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import { useWindow } from '../state/window-store.ts';
import { type ColorToken, colorOf } from '../ui/tokens.ts';
import { type AxisWishes, extent, type Range, type ValueAxis, valueAxis } from './axis-range.ts';
import { type Point, valueAt } from './curves.ts';

export interface ChartLine {
  readonly label: string;
  readonly color: ColorToken;
  /** In rising x. */
  readonly points: readonly Point[];
  /** The same of the run it is compared with. */
  readonly compared?: readonly Point[] | undefined;
}

export interface LineChartProps {
  readonly title: string;
  readonly unit?: string | undefined;
  /** Of its values; shares are written in percent. */
  readonly axis?: AxisWishes | undefined;
  readonly lines: readonly ChartLine[];
  readonly xRange: Range;
  /** Where the curves are read; undefined = at their ends. */
  readonly readAt: number | undefined;
  readonly onRead: (x: number | undefined) => void;
}

/** Height in design pixels, like all lengths of the drawing. */
const HEIGHT_PX = 104;
const NO_WISHES: AxisWishes = {};

interface Trace {
  readonly label: string;
  readonly color: ColorToken;
  readonly dashed: boolean;
  readonly points: readonly Point[];
}

const tracesOf = (lines: readonly ChartLine[]): readonly Trace[] =>
  lines.flatMap(({ label, color, points, compared }) => [
    { label, color, dashed: false, points },
    ...(compared ? [{ label, color, dashed: true, points: compared }] : []),
  ]);

/** All traces on one axis: the union of their x, with gaps where a trace has no value. */
export function aligned(traces: readonly Pick<Trace, 'points'>[]): [number[], ...(number | null | undefined)[][]] {
  const xs = [...new Set(traces.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const place = new Map(xs.map((x, index) => [x, index]));
  const columns = traces.map(({ points }) => {
    // `undefined` is uPlot's word for "no sample here": the line goes on through it.
    const column: (number | undefined)[] = new Array(xs.length).fill(undefined);
    for (const [x, y] of points) column[place.get(x) ?? 0] = y;
    return column;
  });
  return [xs, ...columns];
}

/** Always about three digits, so that a number that changes keeps its width. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 100_000)) return value.toExponential(1);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 3);
}
const percentOf = (value: number) => `${(100 * value).toFixed(0)}`;
const thousands = (value: number) => (value >= 1000 ? `${value / 1000}k` : `${value}`);

/** What the plot draws by; it changes together with the plot and its data, never in between. */
interface Drawn {
  readonly x: Range;
  readonly y: ValueAxis;
  readonly writeTick: (value: number) => string;
}

const powersOfTen = (value: number) => (Number.isInteger(Math.log10(value)) ? short(value) : '');

export function LineChart({ title, unit, axis = NO_WISHES, lines, xRange, readAt, onRead }: LineChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const before = useRef<ValueAxis | undefined>(undefined);
  const traces = useMemo(() => tracesOf(lines), [lines]);
  const y = useMemo(
    () => valueAxis(extent(traces.flatMap(({ points }) => points.map(([, value]) => value))), before.current, axis),
    [traces, axis],
  );
  before.current = y;
  const shape = JSON.stringify({
    log: y.log,
    traces: traces.map(({ label, color, dashed }) => [label, color, dashed]),
  });
  const single = lines.length === 1 && !lines[0]?.compared ? lines[0] : undefined;
  const write = axis.share ? percentOf : short;
  const scale = useWindow((state) => state.scale);
  const now: Drawn = { x: xRange, y, writeTick: axis.share ? percentOf : y.log ? powersOfTen : short };
  const drawn = useRef(now);

  useEffect(() => {
    drawn.current = now;
  });
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const made = new uPlot(optionsOf(shape, Math.max(80, element.clientWidth), drawn, scale), aligned([]), element);
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: Math.max(80, element.clientWidth), height: HEIGHT_PX * scale }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, scale]);
  // A chart that was made anew needs its data, a wider axis its drawing.
  useEffect(() => {
    plot.current?.setData(aligned(traces));
  }, [traces, shape, scale, xRange[1]]);
  // The cursor stands at a step, also when the axis moves under it.
  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    const left = readAt === undefined ? -10 : made.valToPos(readAt, 'x');
    if (Math.abs((made.cursor.left ?? -10) - left) > 0.5) made.setCursor({ left, top: 0 }, false);
  }, [readAt, traces, shape, scale]);

  return (
    <figure className="chart">
      <figcaption>
        <b>{title}</b>
        {single ? <b className="chart-value">{written(valueAt(single.points, readAt), write)}</b> : null}
        {unit ? <span className="muted">{unit}</span> : null}
        {y.log ? <span className="muted">log</span> : null}
      </figcaption>
      {single ? null : (
        <ul className={lines.some(({ compared }) => compared) ? 'legend compared' : 'legend'}>
          {lines.map((line) => (
            <li key={line.label}>
              <i data-color={line.color} />
              <span>{line.label}</span>
              <b>{written(valueAt(line.points, readAt), write)}</b>
              {line.compared ? (
                <>
                  <i data-color={line.color} data-dashed="true" />
                  <b>{written(valueAt(line.compared, readAt), write)}</b>
                </>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      <div
        ref={host}
        onPointerMove={(event) => {
          const made = plot.current;
          if (made) onRead(made.posToVal(event.clientX - made.over.getBoundingClientRect().left, 'x'));
        }}
        onPointerLeave={() => onRead(undefined)}
      />
    </figure>
  );
}

const written = (value: number | undefined, write: (value: number) => string) =>
  value === undefined ? '–' : write(value);

interface Held<Value> {
  readonly current: Value;
}

function optionsOf(shape: string, width: number, drawn: Held<Drawn>, scale: number): uPlot.Options {
  const { log, traces } = JSON.parse(shape) as { log: boolean; traces: [string, ColorToken, boolean][] }; // written by this file
  const axis = {
    stroke: colorOf('muted'),
    font: `${12 * scale}px "Inter Variable"`,
    grid: { stroke: colorOf('line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT_PX * scale,
    legend: { show: false },
    // Reading only: nothing is selected, nothing zoomed.
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 * scale } },
    padding: [6 * scale, 16 * scale, 0, 0],
    scales: {
      x: { time: false, range: () => [...drawn.current.x] },
      y: { ...(log ? { distr: 3 as const, log: 10 as const } : {}), range: () => [...drawn.current.y.range] },
    },
    axes: [
      { ...axis, size: 18 * scale, gap: 2 * scale, space: 64 * scale, values: (_, values) => values.map(thousands) },
      {
        ...axis,
        size: 42 * scale,
        gap: 4 * scale,
        space: 22 * scale,
        values: (_, values) => values.map((value) => drawn.current.writeTick(value)),
      },
    ],
    series: [
      {},
      ...traces.map(([label, color, dashed]) => ({
        label,
        stroke: colorOf(color),
        width: 1.75 * scale,
        points: { show: false },
        ...(dashed ? { dash: [5, 4] } : {}),
      })),
    ],
  };
}
