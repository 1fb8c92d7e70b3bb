/** One animation frame for everything that is painted outside React, and only when something asked for it. */
type Painter = (nowMs: number) => void;

const painters = new Set<Painter>();
let scheduled = false;

function paint(nowMs: number): void {
  scheduled = false;
  for (const painter of painters) painter(nowMs);
}

/** Asks for one more frame. `nowMs` that painters receive is the frame's own time, on the clock's axis. */
export function requestDraw(): void {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(paint);
}

/** Returns a function that ends it. */
export function addPainter(painter: Painter): () => void {
  painters.add(painter);
  requestDraw();
  return () => painters.delete(painter);
}
