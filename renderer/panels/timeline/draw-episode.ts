/** Paints one episode: who acted (colour and hatching; a notch where safety limited the step), reward, force, gripper, playhead. Pure but for the canvas. */
import type { StepSummary } from '../../../main/api/index.ts';
import { hatch } from '../../ui/canvas-size.ts';
import { colorOf } from '../../ui/tokens.ts';
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

/** Left margin for the lanes' names, design pixels. */
export const LABEL_PX = 52;
const RIGHT_PX = 44;
const NOTCH_PX = 5;

export function stepAt(xPx: number, widthPx: number, maxSteps: number): number {
  return ((xPx - LABEL_PX) / Math.max(1, widthPx - LABEL_PX - RIGHT_PX)) * maxSteps;
}

export function drawEpisode(canvas: HTMLCanvasElement, picture: EpisodePicture, ratio: number): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const width = canvas.width / ratio;
  const height = canvas.height / ratio;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const left = LABEL_PX;
  const right = width - RIGHT_PX;
  const x = (step: number) => left + (step / Math.max(1, picture.maxSteps)) * (right - left);
  const axisPx = 16;
  const actorPx = Math.min(26, Math.max(14, height * 0.2));
  const laneGap = 5;
  const lanePx = Math.max(10, (height - actorPx - axisPx - 4 * laneGap - 4) / 3);
  const actorTop = 4;
  const laneTop = (index: number) => actorTop + actorPx + laneGap + index * (lanePx + laneGap);

  context.font = `${11}px "Inter Variable"`;
  context.textBaseline = 'middle';
  const name = (text: string, middle: number) => {
    context.fillStyle = colorOf('muted');
    context.textAlign = 'left';
    context.fillText(text, 0, middle);
  };
  const rule = (y: number) => {
    context.fillStyle = colorOf('line');
    context.fillRect(left, Math.round(y), right - left, 1);
  };

  name('driver', actorTop + actorPx / 2);
  context.fillStyle = colorOf('raised');
  context.fillRect(left, actorTop, right - left, actorPx);
  const human = hatch(context, colorOf('human'), colorOf('human-shade'), 7);
  const mixed = hatch(context, colorOf('human'), colorOf('policy'), 7);
  for (const segment of segmentsOf(picture.steps)) {
    context.globalAlpha = segment.idle ? 0.45 : 1;
    context.fillStyle = segment.actor === 'policy' ? colorOf('policy') : segment.actor === 'human' ? human : mixed;
    context.fillRect(x(segment.from), actorTop, Math.max(1, x(segment.to) - x(segment.from) - 0.5), actorPx);
  }
  context.globalAlpha = 1;
  for (const { from, to } of limitedStretches(picture.steps)) {
    const widthPx = Math.max(2, x(to) - x(from) - 0.5);
    context.fillStyle = colorOf('background');
    context.fillRect(x(from), actorTop + actorPx - NOTCH_PX, widthPx, NOTCH_PX);
    context.fillStyle = colorOf('text');
    context.fillRect(x(from), actorTop + actorPx - 2, widthPx, 2);
  }

  const lanes = [
    {
      label: 'reward',
      value: (step: StepSummary) => step.reward,
      low: -1,
      high: 10,
      color: colorOf('text'),
      unit: '',
      fill: false,
    },
    {
      label: 'force',
      value: (step: StepSummary) => step.forceN,
      low: 0,
      high: picture.forceFullN,
      color: colorOf('muted'),
      unit: '\u2009N',
      fill: true,
    },
    {
      label: 'gripper',
      value: (step: StepSummary) => step.gripperOpeningM * 1000,
      low: 0,
      high: 45,
      color: colorOf('muted'),
      unit: '\u2009mm',
      fill: false,
    },
  ] as const;
  lanes.forEach((lane, index) => {
    const top = laneTop(index);
    const y = (value: number) =>
      top + lanePx - (Math.min(lane.high, Math.max(lane.low, value)) - lane.low) * (lanePx / (lane.high - lane.low));
    name(lane.label, top + lanePx / 2);
    rule(top + lanePx);
    if (picture.steps.length === 0) return;
    context.beginPath();
    picture.steps.forEach((step, at) => {
      const value = y(lane.value(step));
      if (at === 0) context.moveTo(x(step.index), value);
      else context.lineTo(x(step.index), value);
      context.lineTo(x(step.index + 1), value);
    });
    context.strokeStyle = lane.color;
    context.lineWidth = 1.25;
    context.stroke();
    if (lane.fill) {
      const last = picture.steps[picture.steps.length - 1];
      context.lineTo(x((last?.index ?? 0) + 1), top + lanePx);
      context.lineTo(x(picture.steps[0]?.index ?? 0), top + lanePx);
      context.globalAlpha = 0.22;
      context.fillStyle = lane.color;
      context.fill();
      context.globalAlpha = 1;
    }
    const step =
      picture.steps.find((one) => one.index === Math.floor(picture.cursor)) ?? picture.steps[picture.steps.length - 1];
    if (!step) return;
    context.fillStyle = colorOf('text');
    context.textAlign = 'right';
    const value = lane.value(step);
    context.fillText(
      `${value < 0 ? '\u2212' : ''}${Math.abs(value).toFixed(lane.label === 'reward' ? 2 : 0)}${lane.unit}`,
      width,
      top + lanePx / 2,
    );
  });

  drawAxis(context, picture, x, height - axisPx + 2, height);
  const cursor = x(picture.cursor);
  context.fillStyle = colorOf('text');
  context.fillRect(Math.round(cursor) - 0.5, 0, 1.5, height - axisPx + 2);
  context.beginPath();
  context.moveTo(cursor - 4, 0);
  context.lineTo(cursor + 4.5, 0);
  context.lineTo(cursor + 0.25, 5);
  context.fill();
}

function drawAxis(
  context: CanvasRenderingContext2D,
  picture: EpisodePicture,
  x: (step: number) => number,
  top: number,
  bottom: number,
): void {
  const seconds = (picture.maxSteps * picture.periodMs) / 1000;
  const every = [1, 2, 5, 10, 20, 30, 60].find((one) => seconds / one <= 10) ?? 60;
  context.textAlign = 'center';
  context.fillStyle = colorOf('muted');
  for (let at = 0; at <= seconds + 1e-9; at += every) {
    const place = x((at * 1000) / picture.periodMs);
    context.fillRect(Math.round(place), top, 1, 3);
    context.fillText(`${at}${at === 0 ? '\u2009s' : ''}`, place, (top + bottom) / 2 + 3);
  }
}
