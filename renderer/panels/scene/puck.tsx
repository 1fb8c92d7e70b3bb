/**
 * The puck on screen: it shows the six axes of whichever device moves, and is a device itself. Disc: x and y; Shift on
 * the disc: tilt; ring: turn; bar: up and down. Letting go is zero. Axes as a SpaceMouse reports them: x right, y
 * towards you, z down.
 */
import { type PointerEvent, type RefObject, useEffect, useRef } from 'react';
import { isNeutral } from '../../../main/api/index.ts';
import { screenGrip, takeoverInForce } from '../../driving/driving.ts';
import { NEUTRAL } from '../../driving/held-keys.ts';
import { type GripKind, type Place, TRAVEL } from '../../driving/screen-grip.ts';
import { usePainter } from '../../engine/use-painter.ts';
import { liveStatus, useEngine } from '../../state/engine-store.ts';
import { fixed } from '../../words/format.ts';

const NAMES = ['x', 'y', 'z', 'rx', 'ry', 'rz'] as const;
/** Size of the drawing, and the radius of its ring, in the drawing's units. */
const [WIDTH, HEIGHT, RING] = [148, 120, 50];

/** The parts of the drawing that move. */
function useMovingParts() {
  return {
    knob: useRef<SVGCircleElement>(null),
    tilt: useRef<SVGCircleElement>(null),
    turn: useRef<SVGPathElement>(null),
    height: useRef<SVGRectElement>(null),
  };
}
type MovingParts = ReturnType<typeof useMovingParts>;

/** The arc from the ring's top to the angle; empty when the puck is not turned. */
function turnPath(angleRad: number): string {
  if (Math.abs(angleRad) < 0.01) return '';
  const large = Math.abs(angleRad) > Math.PI ? 1 : 0;
  const end = `${60 + RING * Math.sin(angleRad)} ${60 - RING * Math.cos(angleRad)}`;
  return `M60 ${60 - RING}A${RING} ${RING} 0 ${large} ${angleRad > 0 ? 1 : 0} ${end}`;
}

function paintDrawing({ knob, tilt, turn, height }: MovingParts, axes: readonly number[]): void {
  const [x = 0, y = 0, z = 0, rx = 0, ry = 0, rz = 0] = axes;
  const move = (part: RefObject<SVGElement | null>, dx: number, dy: number) =>
    part.current?.setAttribute('transform', `translate(${dx} ${dy})`);
  move(knob, x * TRAVEL, y * TRAVEL);
  move(tilt, (x - ry * 0.5) * TRAVEL, (y + rx * 0.5) * TRAVEL);
  move(height, 0, z * 40);
  turn.current?.setAttribute('d', turnPath(rz * 1.2));
}

function Drawing({ parts }: { readonly parts: MovingParts }) {
  const svg = useRef<SVGSVGElement>(null);
  const place = (event: PointerEvent): Place => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return { x: 0, y: 0 };
    return {
      x: ((event.clientX - box.left) / box.width) * WIDTH,
      y: ((event.clientY - box.top) / box.height) * HEIGHT,
    };
  };
  const begin = (grip: GripKind) => (event: PointerEvent<SVGElement>) => {
    if (event.button === 0) event.preventDefault();
    event.stopPropagation();
    const kind = grip === 'disc' && event.shiftKey ? 'tilt' : grip;
    if (screenGrip.begin(kind, event, place(event))) svg.current?.setPointerCapture(event.pointerId);
  };
  return (
    <svg
      ref={svg}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="application"
      aria-label="Puck: drag to drive"
      onPointerMove={(event) => screenGrip.move(event, place(event))}
      onLostPointerCapture={screenGrip.end}
      onContextMenu={(event) => event.preventDefault()}
    >
      <title>Disc: move · Shift: tilt · ring: turn · bar: up, down</title>
      <circle className="puck-ring" cx={60} cy={60} r={RING} onPointerDown={begin('ring')} />
      <path ref={parts.turn} className="puck-turn" />
      <path className="puck-ticks" d="M60 14v-8M60 106v8M14 60h-8M106 60h8" />
      <circle className="puck-disc" cx={60} cy={60} r={38} onPointerDown={begin('disc')} data-testid="puck-disc" />
      <path className="puck-cross" d="M60 30v60M30 60h60" />
      <circle ref={parts.tilt} className="puck-tilt" cx={60} cy={60} r={14} />
      <circle ref={parts.knob} className="puck-knob" cx={60} cy={60} r={9} />
      <rect className="puck-bar" x={128} y={10} width={14} height={100} rx={7} onPointerDown={begin('bar')} />
      <rect ref={parts.height} className="puck-height" x={128} y={53} width={14} height={14} rx={7} />
    </svg>
  );
}

export function Puck() {
  const parts = useMovingParts();
  const numbers = useRef<HTMLDivElement>(null);
  useEffect(() => screenGrip.end, []);
  usePainter(() => {
    const axes = screenGrip.axes() ?? liveStatus(useEngine.getState())?.puckAxes;
    paintDrawing(parts, axes ?? NEUTRAL);
    const takeover = takeoverInForce();
    numbers.current?.querySelectorAll(':scope > span > span').forEach((element, index) => {
      const value = axes?.[index] ?? 0;
      const text = axes ? fixed(value, 2) : '–';
      if (element.textContent !== text) element.textContent = text;
      element.parentElement?.classList.toggle('moving', !isNeutral(Math.abs(value), takeover));
    });
  });
  return (
    <div className="puck" data-testid="puck">
      <Drawing parts={parts} />
      <div ref={numbers} className="puck-axes">
        {NAMES.map((name) => (
          <span key={name}>
            <b>{name}</b>
            <span>0.00</span>
          </span>
        ))}
      </div>
    </div>
  );
}
