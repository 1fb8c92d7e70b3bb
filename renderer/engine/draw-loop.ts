/** One animation frame for everything that is painted outside React. A frame is drawn only on request. */
type Painter = (nowMs: number) => void;

const painters = new Set<Painter>();
let scheduled = false;

function paint(nowMs: number): void {
  scheduled = false;
  for (const painter of painters) painter(nowMs);
}

/** Requests one frame. Painters receive the frame's own time, which is on the clock's axis. */
export function requestDraw(): void {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(paint);
}

/** Adds a painter for every frame. Returns a function that removes it. */
export function addPainter(painter: Painter): () => void {
  painters.add(painter);
  requestDraw();
  return () => painters.delete(painter);
}
