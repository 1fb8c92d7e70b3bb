/**
 * One tactile pad: pressure as colour with its scale, shear as arrows, total force, centre of pressure, rate and age.
 */
import { useRef } from 'react';
import { decodePad, type PadReading } from '../../../main/api/index.ts';
import { live } from '../../engine/engine.ts';
import { usePainter } from '../../engine/use-painter.ts';
import { fitCanvas } from '../../ui/canvas-size.ts';
import { heatColor } from '../../ui/color-map.ts';
import { centreOfPressure, padScaleN } from '../../ui/pad-math.ts';
import { colorOf } from '../../ui/tokens.ts';
import { fixed } from '../../words/format.ts';
import { paintFreshness } from './paint-freshness.ts';

/** Distance between two arrows, in taxels. */
const ARROW_EVERY = 3;
/** Shear per taxel, in N, that gives an arrow as long as its cell. */
const ARROW_FULL_N = 0.12;

const taxels = typeof document === 'undefined' ? undefined : document.createElement('canvas');

function paintPressure(target: CanvasRenderingContext2D, pad: PadReading, scaleN: number): void {
  const { width, height } = target.canvas;
  if (!taxels) return;
  taxels.width = pad.columns;
  taxels.height = pad.rows;
  const small = taxels.getContext('2d');
  if (!small) return;
  const image = small.createImageData(pad.columns, pad.rows);
  for (let index = 0; index < pad.rows * pad.columns; index++)
    image.data.set([...heatColor((pad.forceN[index] ?? 0) / scaleN), 255], 4 * index);
  small.putImageData(image, 0, 0);
  target.imageSmoothingEnabled = false;
  target.drawImage(taxels, 0, 0, width, height);
}

function paintShear(target: CanvasRenderingContext2D, pad: PadReading): void {
  const cellX = target.canvas.width / pad.columns;
  const cellY = target.canvas.height / pad.rows;
  const plane = pad.rows * pad.columns;
  target.strokeStyle = colorOf('text');
  target.lineWidth = Math.max(1, cellX * 0.14);
  target.lineCap = 'round';
  target.beginPath();
  for (let row = 1; row < pad.rows; row += ARROW_EVERY)
    for (let column = 1; column < pad.columns; column += ARROW_EVERY) {
      const at = row * pad.columns + column;
      const shearX = (pad.forceN[plane + at] ?? 0) / ARROW_FULL_N;
      const shearZ = (pad.forceN[2 * plane + at] ?? 0) / ARROW_FULL_N;
      const size = Math.hypot(shearX, shearZ);
      if (size < 0.08) continue;
      const grow = (Math.min(1.4, size) / size) * ARROW_EVERY * 0.75;
      const [x, y] = [(column + 0.5) * cellX, (row + 0.5) * cellY];
      const [dx, dy] = [shearX * grow * cellX, shearZ * grow * cellY];
      target.moveTo(x - dx / 2, y - dy / 2);
      target.lineTo(x + dx / 2, y + dy / 2);
      target.lineTo(x + dx / 2 - dx * 0.32 - dy * 0.22, y + dy / 2 - dy * 0.32 + dx * 0.22);
      target.moveTo(x + dx / 2, y + dy / 2);
      target.lineTo(x + dx / 2 - dx * 0.32 + dy * 0.22, y + dy / 2 - dy * 0.32 - dx * 0.22);
    }
  target.stroke();
}

function paintCentre(target: CanvasRenderingContext2D, pad: PadReading): void {
  const centre = centreOfPressure(pad);
  if (!centre) return;
  const x = ((centre.column + 0.5) * target.canvas.width) / pad.columns;
  const y = ((centre.row + 0.5) * target.canvas.height) / pad.rows;
  const arm = target.canvas.width / 14;
  target.lineWidth = Math.max(1.5, target.canvas.width / 90);
  for (const [color, grow] of [
    [colorOf('background'), 2],
    [colorOf('text'), 1],
  ] as const) {
    target.strokeStyle = color;
    target.lineWidth = (grow * target.canvas.width) / 100;
    target.beginPath();
    target.arc(x, y, arm * 0.55, 0, 2 * Math.PI);
    target.moveTo(x - arm, y);
    target.lineTo(x + arm, y);
    target.moveTo(x, y - arm);
    target.lineTo(x, y + arm);
    target.stroke();
  }
}

function ScaleBar() {
  const stops = Array.from({ length: 9 }, (_, index) => `rgb(${heatColor(index / 8).join(' ')})`);
  return (
    <svg className="scale-bar" viewBox="0 0 9 1" preserveAspectRatio="none" aria-hidden="true">
      {stops.map((color, index) => (
        <rect key={color} x={index} y={0} width={1.02} height={1} fill={color} />
      ))}
    </svg>
  );
}

export function PadFeed({ name, stream }: { readonly name: string; readonly stream: string }) {
  const box = useRef<HTMLElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const total = useRef<HTMLElement>(null);
  const high = useRef<HTMLSpanElement>(null);
  const reason = useRef<HTMLSpanElement>(null);
  const facts = useRef<HTMLDivElement>(null);
  const painted = useRef({ stream: '', count: -1, scaleN: 0.2 });

  usePainter(() => {
    if (!box.current || !canvas.current || !total.current || !high.current || !reason.current || !facts.current) return;
    const slot = live.get(stream);
    const replaying = stream !== name;
    facts.current.textContent = paintFreshness(box.current, reason.current, stream, replaying);
    const changed = fitCanvas(canvas.current);
    if (replaying && !slot && painted.current.count >= 0) {
      // The picture on the canvas belongs to another replay or to the live view.
      canvas.current.getContext('2d')?.clearRect(0, 0, canvas.current.width, canvas.current.height);
      total.current.textContent = '–';
      painted.current = { ...painted.current, count: -1 };
    }
    if (!slot || (!changed && painted.current.count === slot.count && painted.current.stream === stream)) return;
    const pad = decodePad(slot.message.payload);
    const context = canvas.current.getContext('2d');
    if (!context || pad.rows === 0) return;
    const scaleN = padScaleN(pad, painted.current.scaleN);
    paintPressure(context, pad, scaleN);
    paintShear(context, pad);
    paintCentre(context, pad);
    total.current.textContent = `${fixed(pad.total[0] ?? 0, 1)}\u2009N`;
    high.current.textContent = `${scaleN}\u2009N`;
    painted.current = { stream, count: slot.count, scaleN };
  });

  return (
    <figure ref={box} className="feed pad" data-testid={`pad-${name}`}>
      <figcaption>
        <b>{name}</b>
        <b ref={total} className="pad-total">
          –
        </b>
      </figcaption>
      <div className="pad-picture">
        <canvas ref={canvas} role="img" aria-label={`${name} tactile pad`} />
        <span ref={reason} className="feed-reason" />
      </div>
      <div className="pad-scale" title="Pressure per taxel">
        <span>0</span>
        <ScaleBar />
        <span ref={high}>–</span>
      </div>
      <div ref={facts} className="pad-facts" />
    </figure>
  );
}
