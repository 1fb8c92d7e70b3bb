/**
 * Draws Q against returns as plain SVG, one panel per method. Points are steps of successes and failures. The line with
 * dots joins the means of the bins. A perfect critic would lie on the dashed line. Lengths are pixels; Q and returns
 * are in units of reward (a success is worth 10).
 */
import type { CriticReading } from './critic-readings.ts';
import type { CriticBin } from './critic-report.ts';

export interface CriticPanel {
  readonly title: string;
  /** Lines of text under the title. */
  readonly notes: readonly string[];
  readonly points: readonly (Pick<CriticReading, 'least' | 'return'> & { readonly success: boolean })[];
  readonly bins: readonly CriticBin[];
}

const SIDE_PX = 250;
const LEFT_PX = 46;
const TOP_PX = 64;
const BOTTOM_PX = 46;
const GAP_PX = 16;
const LINE_PX = 14;
/** Most points drawn per panel. Of more points, every n-th is drawn. */
const MOST_POINTS = 1500;
const TICK_EVERY = 2.5;

const STYLE = `
.page{fill:#fff}.frame{fill:none;stroke:#c4c8ce}.grid{stroke:#eceef1}
text{font:12px system-ui,sans-serif;fill:#4a5058}.title{font-weight:600;fill:#16181c}.number{font-size:11px}
.identity{stroke:#4a5058;stroke-dasharray:5 4}.success{stroke:#2f6fde}.failure{stroke:#d9730d}
.points{fill:none;stroke-width:3;stroke-linecap:round;opacity:.35}
.bins{fill:none;stroke:#16181c;stroke-width:1.5}.bin{fill:#16181c}
@media (prefers-color-scheme:dark){
.page{fill:#16181c}.frame{stroke:#4a5058}.grid{stroke:#282c32}text{fill:#b4bac2}.title{fill:#f2f4f6}
.identity{stroke:#b4bac2}.success{stroke:#74a5ff}.failure{stroke:#ffa657}.bins{stroke:#f2f4f6}.bin{fill:#f2f4f6}
}`;

/** Returns the SVG file. Throws a `RangeError` when there is nothing to draw. */
export function criticPlot(panels: readonly CriticPanel[]): string {
  const all = panels.flatMap(({ points }) => points.flatMap((point) => [point.least, point.return]));
  if (all.length === 0) throw new RangeError('a plot needs at least one point');
  // Both axes and all panels share one scale, so that panels and the identity line can be compared.
  const low = TICK_EVERY * Math.floor(Math.min(...extremes(all)) / TICK_EVERY);
  const high = TICK_EVERY * Math.ceil(Math.max(...extremes(all)) / TICK_EVERY);
  const scale: Scale = { low, high: Math.max(high, low + TICK_EVERY) };
  const width = panels.length * (LEFT_PX + SIDE_PX + GAP_PX) + GAP_PX;
  const height = TOP_PX + SIDE_PX + BOTTOM_PX;
  const body = panels.map((panel, at) => {
    const left = at * (LEFT_PX + SIDE_PX + GAP_PX) + LEFT_PX + GAP_PX / 2;
    return `<g transform="translate(${left} ${TOP_PX})">\n${panelOf(panel, scale)}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

interface Scale {
  readonly low: number;
  readonly high: number;
}

/**
 * Returns minimum and maximum. `Math.min(...values)` fails for a long list, whose length exceeds the limit of
 * arguments.
 */
const extremes = (values: readonly number[]): readonly [number, number] =>
  values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as [number, number]);

function panelOf({ title, notes, points, bins }: CriticPanel, scale: Scale): string {
  const place = (value: number) => ((value - scale.low) / (scale.high - scale.low)) * SIDE_PX;
  const [x, y] = [(value: number) => px(place(value)), (value: number) => px(SIDE_PX - place(value))];
  const ticks = ticksOf(scale);
  const every = Math.ceil(points.length / MOST_POINTS);
  const drawn = points.filter((_, at) => at % every === 0);
  const dots = (success: boolean) =>
    drawn
      .filter((point) => point.success === success)
      .map((point) => `M${x(point.return)} ${y(point.least)}h0`)
      .join('');
  return [
    `<text class="title" y="${-TOP_PX + 20}">${escaped(title)}</text>`,
    ...notes.map((note, at) => `<text class="number" y="${-TOP_PX + 20 + LINE_PX * (at + 1)}">${escaped(note)}</text>`),
    ...ticks.map((tick) => `<path class="grid" d="M${x(tick)} 0V${SIDE_PX}M0 ${y(tick)}H${SIDE_PX}"/>`),
    `<rect class="frame" width="${SIDE_PX}" height="${SIDE_PX}"/>`,
    ...ticks.map(
      (tick) =>
        `<text class="number" text-anchor="middle" x="${x(tick)}" y="${SIDE_PX + 15}">${minus(tick)}</text>` +
        `<text class="number" text-anchor="end" x="-6" y="${y(tick)}" dy="4">${minus(tick)}</text>`,
    ),
    `<text text-anchor="middle" x="${SIDE_PX / 2}" y="${SIDE_PX + 34}">return from there, in units of reward</text>`,
    `<text text-anchor="middle" transform="translate(-34 ${SIDE_PX / 2}) rotate(-90)">Q, least of the critics</text>`,
    `<path class="points failure" d="${dots(false)}"/>`,
    `<path class="points success" d="${dots(true)}"/>`,
    `<path class="identity" d="M0 ${SIDE_PX}L${SIDE_PX} 0"/>`,
    `<path class="bins" d="${bins.map((bin, at) => `${at === 0 ? 'M' : 'L'}${x(bin.meanReturn)} ${y(bin.meanQ)}`).join('')}"/>`,
    ...bins.map((bin) => `<circle class="bin" r="3" cx="${x(bin.meanReturn)}" cy="${y(bin.meanQ)}"/>`),
    ...LEGEND.map(
      ([name, words], at) =>
        `<path class="points ${name}" style="opacity:1" d="M12 ${14 + LINE_PX * at}h0"/>` +
        `<text class="number" x="20" y="${18 + LINE_PX * at}">${words}</text>`,
    ),
  ].join('\n');
}

const LEGEND = [
  ['success', 'step of a success'],
  ['failure', 'step of a failure'],
] as const;

function ticksOf({ low, high }: Scale): number[] {
  const count = Math.round((high - low) / TICK_EVERY);
  const every = Math.max(1, Math.ceil(count / 8));
  return Array.from({ length: Math.floor(count / every) + 1 }, (_, at) => low + at * every * TICK_EVERY);
}

const px = (length: number) => Number(length.toFixed(1));
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const minus = (value: number) => String(value).replace('-', '\u2212');
