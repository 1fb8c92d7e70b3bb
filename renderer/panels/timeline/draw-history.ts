/** Paints the last 20 episodes as bars (steps by actor, outcome below), and beside them the course of both rates. */
import type { EpisodeSummary } from '../../../main/api/index.ts';
import { hatch } from '../../ui/canvas-size.ts';
import { colorOf } from '../../ui/tokens.ts';
import { FONT } from './draw-episode.ts';
import { type RatePoint, rollingRates } from './rates.ts';

const SHOWN = 20;

/** Left and right edges of an episode's bar, in design pixels. */
export interface HistoryBar {
  readonly episodeId: number;
  readonly from: number;
  readonly to: number;
}

export function drawHistory(
  canvas: HTMLCanvasElement,
  episodes: readonly EpisodeSummary[],
  ratio: number,
  selectedId: number | undefined,
): readonly HistoryBar[] {
  const context = canvas.getContext('2d');
  if (!context) return [];
  const [width, height] = [canvas.width / ratio, canvas.height / ratio];
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  context.textBaseline = 'middle';
  const barsWidth = Math.round(width * 0.5);
  const shown = episodes.slice(-SHOWN);
  const pitch = barsWidth / SHOWN;
  const bottom = height - 18;
  const tallest = Math.max(20, ...shown.map((episode) => episode.steps));
  const human = hatch(context, colorOf('human'), colorOf('human-shade'), 5);
  context.fillStyle = colorOf('line');
  context.fillRect(0, bottom, barsWidth - 2, 1);
  const bars = shown.map((episode, index) => {
    const from = (SHOWN - shown.length + index) * pitch;
    const thick = Math.max(3, pitch - 4);
    const full = ((bottom - 6) * episode.steps) / tallest;
    const humanPx = episode.steps > 0 ? (full * episode.humanSteps) / episode.steps : 0;
    context.globalAlpha = episode.discarded ? 0.65 : 1;
    context.fillStyle = colorOf('policy');
    context.fillRect(from, bottom - full + humanPx, thick, full - humanPx);
    context.fillStyle = human;
    context.fillRect(from, bottom - full, thick, humanPx);
    if (episode.id === selectedId) {
      context.strokeStyle = colorOf('text');
      context.strokeRect(from - 1.5, bottom - full - 1.5, thick + 3, full + 3);
    }
    mark(context, episode, from + thick / 2, bottom + 9);
    context.globalAlpha = 1;
    // A discarded episode is struck out, so that it shows without colour too.
    context.fillStyle = colorOf('text');
    if (episode.discarded) context.fillRect(from - 2, Math.round(bottom - full / 2), thick + 4, 1.5);
    return { episodeId: episode.id, from, to: from + pitch };
  });
  drawRates(context, episodes, barsWidth + 16, width, height);
  return bars;
}

/** Draws ✓ for success, ✕ for failure, – for a time-out or an aborted episode. */
function mark(context: CanvasRenderingContext2D, episode: EpisodeSummary, x: number, y: number): void {
  context.lineWidth = 1.8;
  context.lineCap = 'round';
  context.beginPath();
  if (episode.outcome === 'success') {
    context.strokeStyle = colorOf('success');
    context.moveTo(x - 4, y);
    context.lineTo(x - 1, y + 3.5);
    context.lineTo(x + 4.5, y - 4);
  } else if (episode.outcome === 'failure') {
    context.strokeStyle = colorOf('danger');
    context.moveTo(x - 3.5, y - 3.5);
    context.lineTo(x + 3.5, y + 3.5);
    context.moveTo(x + 3.5, y - 3.5);
    context.lineTo(x - 3.5, y + 3.5);
  } else {
    context.strokeStyle = colorOf('muted');
    context.moveTo(x - 4, y);
    context.lineTo(x + 4, y);
  }
  context.stroke();
}

interface RateLine {
  readonly label: string;
  readonly color: string;
  readonly value: (point: RatePoint) => number;
  readonly dash: readonly number[];
}
const rateLines = (): readonly RateLine[] => [
  { label: 'success', color: colorOf('success'), value: (point) => point.unaidedSuccess, dash: [] },
  { label: 'by hand', color: colorOf('human'), value: (point) => point.intervention, dash: [4, 3] },
];
const [RATES_TOP_PX, RATE_LABELS_PX, LABEL_GAP_PX] = [8, 92, 15];

function drawRates(
  context: CanvasRenderingContext2D,
  episodes: readonly EpisodeSummary[],
  left: number,
  width: number,
  height: number,
): void {
  const points = rollingRates(episodes, SHOWN).slice(-40);
  const right = width - RATE_LABELS_PX;
  const bottom = height - 18;
  const y = (share: number) => bottom - share * (bottom - RATES_TOP_PX);
  const x = (index: number) => left + (points.length < 2 ? 1 : index / (points.length - 1)) * (right - left);
  context.fillStyle = colorOf('line');
  for (const share of [0, 0.5, 1]) context.fillRect(left, Math.round(y(share)), right - left, 1);
  context.fillStyle = colorOf('muted');
  context.textAlign = 'left';
  context.fillText('over the last 20 episodes', left, height - 7);
  const newest = points.at(-1);
  const labelYs = labelPlaces(newest && [y(newest.unaidedSuccess), y(newest.intervention)], bottom);
  rateLines().forEach((line, index) => {
    drawRate(context, line, points, x, y);
    const text = newest ? `${Math.round(line.value(newest) * 100)}\u2009%` : '–';
    context.fillText(`${text}  ${line.label}`, right + 8, labelYs[index] ?? bottom);
  });
}

/** Heights of the two labels. If they would overlap, the second goes below where there is room, otherwise above. */
function labelPlaces(ends: readonly [number, number] | undefined, bottom: number): readonly number[] {
  const [first, wished] = ends ?? [RATES_TOP_PX + 8, bottom - 8];
  const apart = first + LABEL_GAP_PX <= bottom - 2 ? LABEL_GAP_PX : -LABEL_GAP_PX;
  const second = Math.abs(first - wished) < LABEL_GAP_PX ? first + apart : wished;
  return [first, second].map((place) => Math.min(bottom - 2, Math.max(RATES_TOP_PX + 2, place)));
}

/** Draws one rate, with a dot at its newest point. */
function drawRate(
  context: CanvasRenderingContext2D,
  line: RateLine,
  points: readonly RatePoint[],
  x: (index: number) => number,
  y: (share: number) => number,
): void {
  context.strokeStyle = line.color;
  context.fillStyle = line.color;
  context.lineWidth = 1.75;
  context.setLineDash([...line.dash]);
  context.beginPath();
  points.forEach((point, index) => {
    if (index === 0) context.moveTo(x(index), y(line.value(point)));
    else context.lineTo(x(index), y(line.value(point)));
  });
  context.stroke();
  context.setLineDash([]);
  const newest = points.at(-1);
  if (!newest) return;
  context.beginPath();
  context.arc(x(points.length - 1), y(line.value(newest)), 2.6, 0, 2 * Math.PI);
  context.fill();
}
