/**
 * Force and torque at the tool, in the tool frame: bars from zero and steady numbers. The soft limit is the force bars'
 * full scale.
 */
import { useRef } from 'react';
import { usePainter } from '../../engine/use-painter.ts';
import { liveStatus, useEngine } from '../../state/engine-store.ts';
import { fixed } from '../../words/format.ts';

const NAMES = ['Fx', 'Fy', 'Fz', 'Tx', 'Ty', 'Tz'] as const;
const TORQUE_FULL_NM = 2;

export function Wrench() {
  const rows = useRef<HTMLElement>(null);
  usePainter(() => {
    const engine = useEngine.getState();
    const status = liveStatus(engine);
    const fullN = engine.rig?.limits.softForceN ?? 30;
    rows.current?.querySelectorAll('div').forEach((row, index) => {
      const bar = row.querySelector('i');
      const number = row.querySelector('span');
      if (!bar || !number) return;
      const value = status?.forceInTool[index];
      const full = index < 3 ? fullN : TORQUE_FULL_NM;
      const share = Math.min(1, Math.max(-1, (value ?? 0) / full));
      bar.style.transform = `scaleX(${share})`;
      bar.dataset['over'] = String(Math.abs(share) >= 1);
      const text = value === undefined ? '–' : fixed(value, index < 3 ? 1 : 2);
      if (number.textContent !== text) number.textContent = text;
    });
  });
  return (
    <section ref={rows} className="wrench" aria-label="Force and torque at the tool">
      {NAMES.map((name, index) => (
        <div key={name}>
          <b>{name}</b>
          <em>
            <i />
          </em>
          <span>–</span>
          <small>{index < 3 ? 'N' : 'Nm'}</small>
        </div>
      ))}
    </section>
  );
}
