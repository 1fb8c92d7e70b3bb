/**
 * Paints one episode: who acted (colour and hatching; a notch where safety limited the step), reward, force, gripper,
 * playhead. Lengths are design pixels. Reads nothing but its arguments and the look's tokens.
 */
import type { StepSummary } from '../../../main/api/index.ts';
import { hatch } from '../../ui/canvas-size.ts';
import { type ColorToken, colorOf } from '../../ui/tokens.ts';
import { limitedStretches, segmentsOf } from './segments.ts';

export interface EpisodePicture {
  readonly steps: readonly StepSummary[];
  /** Full width of the axis, in steps. */
  readonly maxSteps: number;
  readonly periodMs: number;
  /** Step of the playhead. */
  readonly cursor: number;
  readonly forceFullN: number;
}

export const FONT = '11px "Inter Variable"';
/** Left margin for the lanes' names, and right margin for their values. */
const [LABEL_PX, VALUE_PX] = [52, 44];
const [NOTCH_PX, AXIS_PX, LANE_GAP_PX, ACTOR_TOP_PX] = [5, 16, 5, 4];

interface Sheet {
  readonly context: CanvasRenderingContext2D;
  readonly picture: EpisodePicture;
  readonly width: number;
  readonly height: number;
  readonly actorPx: number;
  readonly lanePx: number;
  /** Place of a step on the axis. */
  readonly x: (step: number) => number;
}

interface Lane {
  readonly label: string;
  readonly value: (step: StepSummary) => number;
  /** Lowest value shown: 0 unless set. */
  readonly low?: number;
  readonly high: number;
  readonly color: ColorToken;
  readonly unit: string;
  readonly decimals?: number;
  /** True when the area under the line is tinted. */
  readonly fill?: boolean;
}

const lanesOf = ({ forceFullN }: EpisodePicture): readonly Lane[] => [
  { label: 'reward', value: (step) => step.reward, low: -1, high: 10, color: 'text', unit: '', decimals: 2 },
  { label: 'force', value: (step) => step.forceN, high: forceFullN, color: 'muted', unit: '\u2009N', fill: true },
  { label: 'gripper', value: (step) => step.gripperOpeningM * 1000, high: 45, color: 'muted', unit: '\u2009mm' },
];

export function stepAt(xPx: number, widthPx: number, maxSteps: number): number {
  return ((xPx - LABEL_PX) / Math.max(1, widthPx - LABEL_PX - VALUE_PX)) * maxSteps;
}

export function drawEpisode(canvas: HTMLCanvasElement, picture: EpisodePicture, ratio: number): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const [width, height] = [canvas.width / ratio, canvas.height / ratio];
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  context.textBaseline = 'middle';
  const actorPx = Math.min(26, Math.max(14, height * 0.2));
  const lanePx = Math.max(10, (height - actorPx - AXIS_PX - 4 * LANE_GAP_PX - 4) / 3);
  const lengthPx = width - VALUE_PX - LABEL_PX;
  const x = (step: number) => LABEL_PX + (step / Math.max(1, picture.maxSteps)) * lengthPx;
  const sheet = { context, picture, width, height, actorPx, lanePx, x };
  drawActors(sheet);
  const firstTop = ACTOR_TOP_PX + actorPx + LANE_GAP_PX;
  for (const [index, lane] of lanesOf(picture).entries())
    drawLane(sheet, lane, firstTop + index * (lanePx + LANE_GAP_PX));
  drawAxis(sheet);
  drawPlayhead(sheet);
}

function drawName({ context }: Sheet, text: string, middle: number): void {
  context.fillStyle = colorOf('muted');
  context.textAlign = 'left';
  context.fillText(text, 0, middle);
}

function drawActors(sheet: Sheet): void {
  const { context, picture, width, actorPx, x } = sheet;
  drawName(sheet, 'driver', ACTOR_TOP_PX + actorPx / 2);
  context.fillStyle = colorOf('raised');
  context.fillRect(LABEL_PX, ACTOR_TOP_PX, width - VALUE_PX - LABEL_PX, actorPx);
  const paints = {
    policy: colorOf('policy'),
    human: hatch(context, colorOf('human'), colorOf('human-shade'), 7),
    mixed: hatch(context, colorOf('human'), colorOf('policy'), 7),
  };
  for (const { actor, idle, from, to } of segmentsOf(picture.steps)) {
    context.globalAlpha = idle ? 0.45 : 1;
    context.fillStyle = paints[actor];
    context.fillRect(x(from), ACTOR_TOP_PX, Math.max(1, x(to) - x(from) - 0.5), actorPx);
  }
  context.globalAlpha = 1;
  const bottom = ACTOR_TOP_PX + actorPx;
  for (const { from, to } of limitedStretches(picture.steps)) {
    const widthPx = Math.max(2, x(to) - x(from) - 0.5);
    context.fillStyle = colorOf('background');
    context.fillRect(x(from), bottom - NOTCH_PX, widthPx, NOTCH_PX);
    context.fillStyle = colorOf('text');
    context.fillRect(x(from), bottom - 2, widthPx, 2);
  }
}

function drawLane(sheet: Sheet, lane: Lane, top: number): void {
  const { context, picture, width, lanePx } = sheet;
  drawName(sheet, lane.label, top + lanePx / 2);
  context.fillStyle = colorOf('line');
  context.fillRect(LABEL_PX, Math.round(top + lanePx), width - VALUE_PX - LABEL_PX, 1);
  const step = picture.steps.find(({ index }) => index === Math.floor(picture.cursor)) ?? picture.steps.at(-1);
  if (!step) return;
  drawLine(sheet, lane, top);
  context.fillStyle = colorOf('text');
  context.textAlign = 'right';
  const value = lane.value(step);
  const text = `${value < 0 ? '\u2212' : ''}${Math.abs(value).toFixed(lane.decimals ?? 0)}${lane.unit}`;
  context.fillText(text, width, top + lanePx / 2);
}

function drawLine({ context, picture, lanePx, x }: Sheet, lane: Lane, top: number): void {
  const bottom = top + lanePx;
  const { low = 0, high } = lane;
  const y = (value: number) => bottom - (Math.min(high, Math.max(low, value)) - low) * (lanePx / (high - low));
  context.beginPath();
  picture.steps.forEach((step, at) => {
    const value = y(lane.value(step));
    if (at === 0) context.moveTo(x(step.index), value);
    else context.lineTo(x(step.index), value);
    context.lineTo(x(step.index + 1), value);
  });
  context.strokeStyle = colorOf(lane.color);
  context.lineWidth = 1.25;
  context.stroke();
  if (!lane.fill) return;
  context.lineTo(x((picture.steps.at(-1)?.index ?? 0) + 1), bottom);
  context.lineTo(x(picture.steps[0]?.index ?? 0), bottom);
  context.globalAlpha = 0.22;
  context.fillStyle = colorOf(lane.color);
  context.fill();
  context.globalAlpha = 1;
}

function drawAxis({ context, picture, height, x }: Sheet): void {
  const top = height - AXIS_PX + 2;
  const seconds = (picture.maxSteps * picture.periodMs) / 1000;
  const every = [1, 2, 5, 10, 20, 30, 60].find((one) => seconds / one <= 10) ?? 60;
  context.textAlign = 'center';
  context.fillStyle = colorOf('muted');
  for (let at = 0; at <= seconds + 1e-9; at += every) {
    const place = x((at * 1000) / picture.periodMs);
    context.fillRect(Math.round(place), top, 1, 3);
    context.fillText(`${at}${at === 0 ? '\u2009s' : ''}`, place, (top + height) / 2 + 3);
  }
}

function drawPlayhead({ context, picture, height, x }: Sheet): void {
  const cursor = x(picture.cursor);
  context.fillStyle = colorOf('text');
  context.fillRect(Math.round(cursor) - 0.5, 0, 1.5, height - AXIS_PX + 2);
  context.beginPath();
  context.moveTo(cursor - 4, 0);
  context.lineTo(cursor + 4.5, 0);
  context.lineTo(cursor + 0.25, 5);
  context.fill();
}
