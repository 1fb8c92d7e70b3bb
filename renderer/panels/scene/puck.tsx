/**
 * The puck on screen: shows the six axes of whichever device moves, and is one itself. Disc: x and y; Shift on the disc: tilt;
 * ring: turn; bar: up and down. Letting go is zero. Axes as a SpaceMouse reports them: x right, y towards you, z down.
 */
import { type PointerEvent, useRef } from 'react';
import type { Vec6 } from '../../../main/api/index.ts';
import { mayDrive, movePuck } from '../../driving/driving.ts';
import { NEUTRAL } from '../../driving/held-keys.ts';
import { requestDraw } from '../../engine/draw-loop.ts';
import { fixed } from '../../format.ts';
import { liveStatus, useEngine } from '../../state/engine-store.ts';
import { usePainter } from '../../ui/use-painter.ts';

type Grip = 'disc' | 'tilt' | 'ring' | 'bar';
const NAMES = ['x', 'y', 'z', 'rx', 'ry', 'rz'] as const;
const clip = (value: number) => Math.min(1, Math.max(-1, value));
/** Radii in the drawing's units; the drawing is 120 × 120. */
const TRAVEL = 24;
const RING = 50;

function axesOf(grip: Grip, dx: number, dy: number, turnRad: number): Vec6 {
  if (grip === 'disc') return [clip(dx / TRAVEL), clip(dy / TRAVEL), 0, 0, 0, 0];
  if (grip === 'tilt') return [0, 0, 0, clip(dy / TRAVEL), clip(-dx / TRAVEL), 0];
  if (grip === 'bar') return [0, 0, clip(dy / TRAVEL), 0, 0, 0];
  return [0, 0, 0, 0, 0, clip(turnRad / 1.2)];
}

export function Puck() {
  const svg = useRef<SVGSVGElement>(null);
  const knob = useRef<SVGCircleElement>(null);
  const tilt = useRef<SVGCircleElement>(null);
  const turn = useRef<SVGPathElement>(null);
  const height = useRef<SVGRectElement>(null);
  const numbers = useRef<(HTMLSpanElement | null)[]>([]);
  const held = useRef<{ grip: Grip; x: number; y: number; angle: number } | undefined>(undefined);
  const local = useRef<Vec6 | undefined>(undefined);

  const place = (event: PointerEvent) => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return { x: 0, y: 0 };
    return { x: ((event.clientX - box.left) / box.width) * 148, y: ((event.clientY - box.top) / box.height) * 120 };
  };
  const begin = (grip: Grip) => (event: PointerEvent<SVGElement>) => {
    event.preventDefault();
    event.stopPropagation();
    if (!mayDrive()) return;
    svg.current?.setPointerCapture(event.pointerId);
    const { x, y } = place(event);
    held.current = { grip: grip === 'disc' && event.shiftKey ? 'tilt' : grip, x, y, angle: Math.atan2(y - 60, x - 60) };
  };
  const move = (event: PointerEvent) => {
    const start = held.current;
    if (!start) return;
    const { x, y } = place(event);
    let angle = Math.atan2(y - 60, x - 60) - start.angle;
    if (angle > Math.PI) angle -= 2 * Math.PI;
    if (angle < -Math.PI) angle += 2 * Math.PI;
    local.current = axesOf(start.grip, x - start.x, y - start.y, angle);
    movePuck(local.current);
    requestDraw();
  };
  const end = () => {
    if (!held.current) return;
    held.current = undefined;
    local.current = undefined;
    movePuck(NEUTRAL);
    requestDraw();
  };

  usePainter(() => {
    const told = liveStatus(useEngine.getState())?.puckAxes;
    const axes = local.current ?? told ?? NEUTRAL;
    const at = (index: number) => axes[index] ?? 0;
    knob.current?.setAttribute('transform', `translate(${at(0) * TRAVEL} ${at(1) * TRAVEL})`);
    tilt.current?.setAttribute(
      'transform',
      `translate(${(at(0) - at(4) * 0.5) * TRAVEL} ${(at(1) + at(3) * 0.5) * TRAVEL})`,
    );
    const angle = at(5) * 1.2;
    const large = Math.abs(angle) > Math.PI ? 1 : 0;
    turn.current?.setAttribute(
      'd',
      Math.abs(angle) < 0.01
        ? ''
        : `M60 ${60 - RING}A${RING} ${RING} 0 ${large} ${angle > 0 ? 1 : 0} ${60 + RING * Math.sin(angle)} ${60 - RING * Math.cos(angle)}`,
    );
    height.current?.setAttribute('transform', `translate(0 ${at(2) * 40})`);
    numbers.current.forEach((element, index) => {
      const text = local.current || told ? fixed(at(index), 2) : '–';
      if (element && element.textContent !== text) element.textContent = text;
      element?.parentElement?.classList.toggle('moving', Math.abs(at(index)) > 0.02);
    });
  });

  return (
    <div className="puck" data-testid="puck">
      <svg
        ref={svg}
        viewBox="0 0 148 120"
        role="application"
        aria-label="Puck: drag to drive"
        onPointerMove={move}
        onPointerUp={end}
        onPointerCancel={end}
        onLostPointerCapture={end}
      >
        <title>Disc: move · Shift: tilt · ring: turn · bar: up, down</title>
        <circle className="puck-ring" cx={60} cy={60} r={RING} onPointerDown={begin('ring')} />
        <path ref={turn} className="puck-turn" />
        <path className="puck-ticks" d="M60 14v-8M60 106v8M14 60h-8M106 60h8" />
        <circle className="puck-disc" cx={60} cy={60} r={38} onPointerDown={begin('disc')} data-testid="puck-disc" />
        <path className="puck-cross" d="M60 30v60M30 60h60" />
        <circle ref={tilt} className="puck-tilt" cx={60} cy={60} r={14} />
        <circle ref={knob} className="puck-knob" cx={60} cy={60} r={9} />
        <rect className="puck-bar" x={128} y={10} width={14} height={100} rx={7} onPointerDown={begin('bar')} />
        <rect ref={height} className="puck-height" x={128} y={53} width={14} height={14} rx={7} />
      </svg>
      <div className="puck-axes">
        {NAMES.map((name, index) => (
          <span key={name}>
            <b>{name}</b>
            <span
              ref={(element) => {
                numbers.current[index] = element;
              }}
            >
              0.00
            </span>
          </span>
        ))}
      </div>
    </div>
  );
}
