/** The rate at which each stream arrives in this window, painted outside React. */
import { useRef } from 'react';
import { live, nowMs } from '../../engine/engine.ts';
import { usePainter } from '../../engine/use-painter.ts';
import { useEngine } from '../../state/engine-store.ts';
import { Row } from '../../ui/form.tsx';

export function StreamRates() {
  const rig = useEngine((state) => state.rig);
  const cells = useRef(new Map<string, HTMLSpanElement>());
  usePainter(() => {
    for (const [name, cell] of cells.current) {
      const slot = live.get(name);
      const text = slot && nowMs() - slot.arrivedMs < 1000 ? `${slot.rateHz.toFixed(0)}\u2009Hz` : 'silent';
      if (cell.textContent !== text) cell.textContent = text;
    }
  });
  const names = rig ? [...rig.cameras.map((one) => one.name), ...rig.tactilePads.map((one) => one.name), 'poses'] : [];
  return names.map((name) => (
    <Row
      key={name}
      label={name === 'poses' ? 'Poses' : `${rig?.cameras.some((one) => one.name === name) ? 'Camera' : 'Pad'} ${name}`}
    >
      <span
        ref={(element) => {
          if (element) cells.current.set(name, element);
          else cells.current.delete(name);
        }}
      />
    </Row>
  ));
}
