/**
 * The puck on screen: shows the six axes of whichever device moves, and is one itself. Disc: x and y; Shift on the disc: tilt;
 * ring: turn; bar: up and down. Letting go is zero. Axes as a SpaceMouse reports them: x right, y towards you, z down.
 */
import { type PointerEvent, useEffect, useRef } from 'react';
import { isNeutral } from '../../../main/api/index.ts';
import { screenGrip, takeoverInForce } from '../../driving/driving.ts';
import { NEUTRAL } from '../../driving/held-keys.ts';
import { type GripKind, type Place, TRAVEL } from '../../driving/screen-grip.ts';
import { liveStatus, useEngine } from '../../state/engine-store.ts';
import { usePainter } from '../../ui/use-painter.ts';
import { fixed } from '../../words/format.ts';

const NAMES = ['x', 'y', 'z', 'rx', 'ry', 'rz'] as const;
/** Radius in the drawing's units; the drawing is 148 × 120. */
const RING = 50;

export function Puck() {
  const svg = useRef<SVGSVGElement>(null);
  const knob = useRef<SVGCircleElement>(null);
  const tilt = useRef<SVGCircleElement>(null);
  const turn = useRef<SVGPathElement>(null);
  const height = useRef<SVGRectElement>(null);
  const numbers = useRef<(HTMLSpanElement | null)[]>([]);
  useEffect(() => screenGrip.end, []);

  const place = (event: PointerEvent): Place => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return { x: 0, y: 0 };
    return { x: ((event.clientX - box.left) / box.width) * 148, y: ((event.clientY - box.top) / box.height) * 120 };
  };
  const begin = (grip: GripKind) => (event: PointerEvent<SVGElement>) => {
    if (event.button === 0) event.preventDefault();
    event.stopPropagation();
    const kind = grip === 'disc' && event.shiftKey ? 'tilt' : grip;
    if (screenGrip.begin(kind, event, place(event))) svg.current?.setPointerCapture(event.pointerId);
  };

  usePainter(() => {
    const told = liveStatus(useEngine.getState())?.puckAxes;
    const local = screenGrip.axes();
    const axes = local ?? told ?? NEUTRAL;
    const takeover = takeoverInForce();
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
      const text = local || told ? fixed(at(index), 2) : '–';
      if (element && element.textContent !== text) element.textContent = text;
      element?.parentElement?.classList.toggle('moving', !isNeutral(Math.abs(at(index)), takeover));
    });
  });

  return (
    <div className="puck" data-testid="puck">
      <svg
        ref={svg}
        viewBox="0 0 148 120"
        role="application"
        aria-label="Puck: drag to drive"
        onPointerMove={(event) => screenGrip.move(event, place(event))}
        onLostPointerCapture={screenGrip.end}
        onContextMenu={(event) => event.preventDefault()}
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
