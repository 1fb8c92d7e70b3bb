/** The charts of a run: which metrics each shows under which names, and how new points join the curves. Pure. */
import type { RunStatus } from '../../main/api/index.ts';
import type { ColorToken } from '../ui/tokens.ts';
import { type AxisWishes, SHARES } from './axis-range.ts';

export type Point = readonly [step: number, value: number];
/** The points of each metric. */
export type Curves = Readonly<Record<string, readonly Point[]>>;

interface ChartPlan {
  readonly title: string;
  readonly unit?: string;
  readonly axis?: AxisWishes;
  readonly lines: readonly { readonly metric: string; readonly label: string; readonly color: ColorToken }[];
}

const CHARTS: readonly ChartPlan[] = [
  {
    title: 'Loss',
    axis: { mayLog: true },
    lines: [
      { metric: 'criticLoss', label: 'critic', color: 'text' },
      { metric: 'actorLoss', label: 'actor', color: 'curve-violet' },
      { metric: 'bcLoss', label: 'imitation', color: 'curve-teal' },
    ],
  },
  {
    title: 'Q',
    unit: 'return',
    lines: [
      { metric: 'qData', label: 'of the data', color: 'text' },
      { metric: 'qPolicy', label: 'of the policy', color: 'curve-violet' },
      { metric: 'qTarget', label: 'target', color: 'muted' },
      { metric: 'qMax', label: 'highest', color: 'curve-teal' },
    ],
  },
  {
    title: 'Bound, floor, saturation',
    unit: '%',
    axis: SHARES,
    lines: [
      { metric: 'calQlBoundRate', label: 'Cal-QL bound', color: 'text' },
      { metric: 'floorRate', label: 'return floor', color: 'curve-violet' },
      { metric: 'saturation', label: 'saturated', color: 'curve-teal' },
    ],
  },
  {
    title: 'Speed',
    unit: 'updates/s',
    axis: { fromZero: true },
    lines: [{ metric: 'updatesPerSec', label: 'updates/s', color: 'text' }],
  },
  {
    title: 'Updates per step',
    unit: 'updates per environment step',
    axis: { fromZero: true },
    lines: [
      { metric: 'criticUpdatesPerStep', label: 'critics (UTD)', color: 'text' },
      { metric: 'actorUpdatesPerStep', label: 'actor', color: 'curve-violet' },
    ],
  },
  {
    title: 'Batches',
    unit: '%',
    axis: SHARES,
    lines: [
      { metric: 'demoShare', label: 'demo buffer', color: 'text' },
      { metric: 'interventionShare', label: 'corrections', color: 'human' },
      { metric: 'demonstrationShare', label: 'demonstrations', color: 'muted' },
    ],
  },
];

/** Spells a metric's name: "action error" for `actionError`. */
export const spelled = (metric: string): string =>
  metric.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);

/** Returns the charts that have data. A metric that no chart names gets a chart of its own. */
export function chartsFor(metrics: readonly string[]): readonly ChartPlan[] {
  const there = new Set(metrics);
  const named = CHARTS.map((chart) => ({ ...chart, lines: chart.lines.filter(({ metric }) => there.has(metric)) }));
  const known = new Set(CHARTS.flatMap((chart) => chart.lines.map(({ metric }) => metric)));
  const others = metrics
    .filter((metric) => !known.has(metric))
    .map((metric): ChartPlan => {
      const title = spelled(metric);
      return { title: title[0]?.toUpperCase() + title.slice(1), lines: [{ metric, label: title, color: 'text' }] };
    });
  return [...named.filter((chart) => chart.lines.length > 0), ...others];
}

/** Adds the newest point of each curve from a run's status. Returns `curves` itself when it has them already. */
export function withNewest(
  curves: Curves,
  { metrics, metricsStep }: Pick<RunStatus, 'metrics' | 'metricsStep'>,
): Curves {
  if (metricsStep === undefined) return curves;
  const added = Object.entries(metrics).filter(([name]) => (curves[name]?.at(-1)?.[0] ?? -1) < metricsStep);
  if (added.length === 0) return curves;
  return {
    ...curves,
    ...Object.fromEntries(
      added.map(([name, value]) => [name, [...(curves[name] ?? []), [metricsStep, value] as const]]),
    ),
  };
}

/** Returns the newest value at or before `step`, or the newest of all without a step. */
export function valueAt(points: readonly Point[], step: number | undefined): number | undefined {
  if (step === undefined) return points.at(-1)?.[1];
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.[0] ?? 0) <= step) low = middle + 1;
    else high = middle;
  }
  return points[low - 1]?.[1];
}
