/** Fits a canvas's pixels to its size on the screen. Returns true when that changed it, which also clears it. */
export function fitCanvas(canvas: HTMLCanvasElement): boolean {
  const ratio = Math.min(3, window.devicePixelRatio || 1);
  const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}

/** Returns diagonal lines, which tell human from policy without colour. Sizes in canvas pixels. */
export function hatch(
  context: CanvasRenderingContext2D,
  color: string,
  ground: string,
  gapPx: number,
): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = gapPx;
  tile.height = gapPx;
  const paint = tile.getContext('2d');
  if (!paint) return color;
  paint.fillStyle = ground;
  paint.fillRect(0, 0, gapPx, gapPx);
  paint.strokeStyle = color;
  paint.lineWidth = gapPx * 0.42;
  paint.lineCap = 'square';
  paint.beginPath();
  for (const shift of [-gapPx, 0, gapPx]) {
    paint.moveTo(shift, gapPx);
    paint.lineTo(shift + gapPx, 0);
  }
  paint.stroke();
  return context.createPattern(tile, 'repeat') ?? color;
}
