/**
 * A small line chart, the only file that imports uPlot. Its data is replaced in place and its axes stand still. Its
 * legend shows the newest values, or those where the chart is read. The curves of a second run are dashed.
 */
import './safe-locale.ts';
import 'uplot/dist/uPlot.min.css';
import { type RefObject, useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import { useSame } from '../state/same.ts';
import { useWindow } from '../state/window-store.ts';
import { type ColorToken, colorOf } from '../ui/tokens.ts';
import { type AxisWishes, extent, type Range, type ValueAxis, valueAxis } from './axis-range.ts';
import { type Point, valueAt } from './curves.ts';

export interface ChartLine {
  readonly label: string;
  readonly color: ColorToken;
  /** In rising x. */
  readonly points: readonly Point[];
  /** The same curve of the run that this one is compared with. */
  readonly compared?: readonly Point[] | undefined;
}

interface LineChartProps {
  readonly title: string;
  readonly unit?: string | undefined;
  /** The axis of the values; shares are written in percent. */
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

/** Returns all traces on one axis: the union of their x, with gaps where a trace has no value. */
export function aligned(traces: readonly Pick<Trace, 'points'>[]): [number[], ...(number | null | undefined)[][]] {
  const xs = [...new Set(traces.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const place = new Map(xs.map((x, index) => [x, index]));
  const columns = traces.map(({ points }) => {
    // To uPlot `undefined` means that there is no sample, and the line goes on through it.
    const column: (number | undefined)[] = new Array(xs.length).fill(undefined);
    for (const [x, y] of points) column[place.get(x) ?? 0] = y;
    return column;
  });
  return [xs, ...columns];
}

/** Writes about three digits, so that a number that changes keeps its width. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 100_000)) return value.toExponential(1);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 3);
}
const percentOf = (value: number) => `${(100 * value).toFixed(0)}`;
const thousands = (value: number) => (value >= 1000 ? `${value / 1000}k` : `${value}`);

/** Values that the plot's callbacks read. They change together with the plot and its data, never in between. */
interface Drawn {
  readonly x: Range;
  readonly y: ValueAxis;
  readonly writeTick: (value: number) => string;
}

/** The properties that are fixed when a plot is made. */
interface PlotStyle {
  readonly log: boolean;
  readonly traces: readonly Pick<Trace, 'label' | 'color' | 'dashed'>[];
  readonly scale: number;
}

const powersOfTen = (value: number) => (Number.isInteger(Math.log10(value)) ? short(value) : '');

/** Keeps a uPlot inside `host` that shows the traces. Returns the plot. */
function usePlot(
  host: RefObject<HTMLDivElement | null>,
  traces: readonly Trace[],
  now: Drawn,
  readAt: number | undefined,
): RefObject<uPlot | undefined> {
  const plot = useRef<uPlot | undefined>(undefined);
  const drawn = useRef(now);
  const style = useSame<PlotStyle>({
    log: now.y.log,
    traces: traces.map(({ label, color, dashed }) => ({ label, color, dashed })),
    scale: useWindow((state) => state.scale),
  });
  useEffect(() => {
    drawn.current = now;
  });
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const size = () => ({ width: Math.max(80, element.clientWidth), height: HEIGHT_PX * style.scale });
    const made = new uPlot({ ...optionsOf(style, drawn), ...size() }, aligned([]), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize(size()));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [style]);
  // A new plot needs its data; a wider axis needs a new drawing.
  useEffect(() => {
    plot.current?.setData(aligned(traces));
  }, [traces, style, now.x[1]]);
  // The cursor stays at its step when the axis moves under it.
  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    const left = readAt === undefined ? -10 : made.valToPos(readAt, 'x');
    if (Math.abs((made.cursor.left ?? -10) - left) > 0.5) made.setCursor({ left, top: 0 }, false);
  }, [readAt, traces, style]);
  return plot;
}

interface LegendProps {
  readonly lines: readonly ChartLine[];
  readonly valueIn: (points: readonly Point[]) => string;
}

function Legend({ lines, valueIn }: LegendProps) {
  return (
    <ul className={lines.some(({ compared }) => compared) ? 'legend compared' : 'legend'}>
      {lines.map((line) => (
        <li key={line.label}>
          <i data-color={line.color} />
          <span>{line.label}</span>
          <b>{valueIn(line.points)}</b>
          {line.compared ? (
            <>
              <i data-color={line.color} data-dashed="true" />
              <b>{valueIn(line.compared)}</b>
            </>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

export function LineChart({ title, unit, axis = NO_WISHES, lines, xRange, readAt, onRead }: LineChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const before = useRef<ValueAxis | undefined>(undefined);
  const traces = useMemo(() => tracesOf(lines), [lines]);
  const y = useMemo(
    () => valueAxis(extent(traces.flatMap(({ points }) => points.map(([, value]) => value))), before.current, axis),
    [traces, axis],
  );
  before.current = y;
  const write = axis.share ? percentOf : short;
  const writeTick = y.log && !axis.share ? powersOfTen : write;
  const plot = usePlot(host, traces, { x: xRange, y, writeTick }, readAt);
  const single = lines.length === 1 && !lines[0]?.compared ? lines[0] : undefined;
  const valueIn = (points: readonly Point[]) => {
    const value = valueAt(points, readAt);
    return value === undefined ? '–' : write(value);
  };
  return (
    <figure className="chart">
      <figcaption>
        <b>{title}</b>
        {single ? <b className="chart-value">{valueIn(single.points)}</b> : null}
        {unit ? <span className="muted">{unit}</span> : null}
        {y.log ? <span className="muted">log</span> : null}
      </figcaption>
      {single ? null : <Legend lines={lines} valueIn={valueIn} />}
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

function optionsOf(
  { log, traces, scale }: PlotStyle,
  drawn: RefObject<Drawn>,
): Omit<uPlot.Options, 'width' | 'height'> {
  const axis = {
    stroke: colorOf('muted'),
    font: `${12 * scale}px "Inter Variable"`,
    grid: { stroke: colorOf('line'), width: 1 },
    ticks: { show: false },
  };
  return {
    legend: { show: false },
    // The chart is for reading: nothing is selected or zoomed.
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
      ...traces.map(({ label, color, dashed }) => ({
        label,
        stroke: colorOf(color),
        width: 1.75 * scale,
        points: { show: false },
        ...(dashed ? { dash: [5, 4] } : {}),
      })),
    ],
  };
}
