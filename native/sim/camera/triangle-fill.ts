/**
 * The inner loops of the rasteriser: fills triangles, given by vertex numbers, into a depth-tested colour buffer or
 * into a height map seen from the light. A triangle is passed as three integers and its numbers stay local, so that
 * nothing is boxed or allocated per triangle. Depth is kept as 1/z, so nearer is larger. Pixel centres lie at +0.5.
 */

/** Projected and lit vertices of the whole scene, plus a few spare ones for clipping. */
export interface VertexBuffer {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Distance ahead of the camera in metres; only the picture has it. */
  readonly depth: Float32Array;
  /** 1 / depth in the picture; height towards the light in the shadow map. */
  readonly nearness: Float32Array;
  readonly red: Float32Array;
  readonly green: Float32Array;
  readonly blue: Float32Array;
  /** Share of the light that stays when the lamp is blocked, 0 … 1. */
  readonly ambientShare: Float32Array;
}

export function createVertexBuffer(count: number): VertexBuffer {
  const channel = () => new Float32Array(count);
  return {
    x: channel(),
    y: channel(),
    depth: channel(),
    nearness: channel(),
    red: channel(),
    green: channel(),
    blue: channel(),
    ambientShare: channel(),
  };
}

export interface ColorTarget {
  readonly width: number;
  readonly nearness: Float32Array;
  /** [pixels, 4]: red, green, blue, ambient share; linear light. */
  readonly color: Float32Array;
}

export interface DepthTarget {
  readonly size: number;
  readonly height: Float32Array;
}

// The weights of the corners a, b and c at a pixel are barycentric. Each changes by a constant step along x and y.

/** Moves the first pixel of a row's span to where this weight is not negative any more. */
function firstInside(first: number, weight: number, stepX: number): number {
  return stepX > 0 ? Math.max(first, Math.ceil(-weight / stepX)) : first;
}

/** Moves the last pixel of a row's span to where this weight is not yet negative; −1 when the whole row is outside. */
function lastInside(last: number, weight: number, stepX: number): number {
  if (stepX < 0) return Math.min(last, Math.floor(-weight / stepX));
  return stepX === 0 && weight < 0 ? -1 : last;
}

/**
 * Fills colour and depth of the pixels where the triangle is nearer than what was drawn before. Only front faces are
 * filled: counter-clockwise in the world is clockwise on the screen, whose y axis points down.
 */
export function fillColor(target: ColorTarget, vertices: VertexBuffer, a: number, b: number, c: number): void {
  const { x, y, nearness, red, green, blue, ambientShare } = vertices;
  const { width, nearness: depth, color } = target;
  const x0 = x[a]!;
  const y0 = y[a]!;
  const x1 = x[b]! - x0;
  const y1 = y[b]! - y0;
  const x2 = x[c]! - x0;
  const y2 = y[c]! - y0;
  const area = x1 * y2 - x2 * y1;
  if (!(area < 0)) return;
  const left = Math.max(0, Math.ceil(Math.min(0, x1, x2) + x0 - 0.5));
  const right = Math.min(width - 1, Math.floor(Math.max(0, x1, x2) + x0 - 0.5));
  const top = Math.max(0, Math.ceil(Math.min(0, y1, y2) + y0 - 0.5));
  const bottom = Math.min(width - 1, Math.floor(Math.max(0, y1, y2) + y0 - 0.5));
  if (left > right || top > bottom) return;
  const inverse = 1 / area;
  const bx = y2 * inverse;
  const by = -x2 * inverse;
  const cx = -y1 * inverse;
  const cy = x1 * inverse;
  const ax = -bx - cx;
  const fromX = left + 0.5 - x0;
  const n0 = nearness[a]!;
  const nb = nearness[b]! - n0;
  const nc = nearness[c]! - n0;
  const r0 = red[a]!;
  const rb = red[b]! - r0;
  const rc = red[c]! - r0;
  const g0 = green[a]!;
  const gb = green[b]! - g0;
  const gc = green[c]! - g0;
  const l0 = blue[a]!;
  const lb = blue[b]! - l0;
  const lc = blue[c]! - l0;
  const s0 = ambientShare[a]!;
  const sb = ambientShare[b]! - s0;
  const sc = ambientShare[c]! - s0;
  const nStep = bx * nb + cx * nc;
  const rStep = bx * rb + cx * rc;
  const gStep = bx * gb + cx * gc;
  const lStep = bx * lb + cx * lc;
  const sStep = bx * sb + cx * sc;
  for (let row = top; row <= bottom; row++) {
    const dy = row + 0.5 - y0;
    const weightB = bx * fromX + by * dy;
    const weightC = cx * fromX + cy * dy;
    const weightA = 1 - weightB - weightC;
    const first = firstInside(firstInside(firstInside(0, weightA, ax), weightB, bx), weightC, cx);
    const last = lastInside(lastInside(lastInside(right - left, weightA, ax), weightB, bx), weightC, cx);
    if (first > last) continue;
    const wb = weightB + bx * first;
    const wc = weightC + cx * first;
    let n = n0 + wb * nb + wc * nc;
    let r = r0 + wb * rb + wc * rc;
    let g = g0 + wb * gb + wc * gc;
    let l = l0 + wb * lb + wc * lc;
    let s = s0 + wb * sb + wc * sc;
    const end = row * width + left + last;
    for (let pixel = row * width + left + first; pixel <= end; pixel++) {
      if (n > depth[pixel]!) {
        depth[pixel] = n;
        const at = pixel * 4;
        color[at] = r;
        color[at + 1] = g;
        color[at + 2] = l;
        color[at + 3] = s;
      }
      n += nStep;
      r += rStep;
      g += gStep;
      l += lStep;
      s += sStep;
    }
  }
}

/**
 * Keeps, per texel, the greatest height towards the light. Call it for faces turned away from the light, so that lit
 * faces cannot shade themselves.
 */
export function fillDepth(target: DepthTarget, vertices: VertexBuffer, a: number, b: number, c: number): void {
  const { x, y, nearness } = vertices;
  const { size, height } = target;
  const x0 = x[a]!;
  const y0 = y[a]!;
  const x1 = x[b]! - x0;
  const y1 = y[b]! - y0;
  const x2 = x[c]! - x0;
  const y2 = y[c]! - y0;
  const area = x1 * y2 - x2 * y1;
  if (!(area < 0)) return;
  const left = Math.max(0, Math.ceil(Math.min(0, x1, x2) + x0 - 0.5));
  const right = Math.min(size - 1, Math.floor(Math.max(0, x1, x2) + x0 - 0.5));
  const top = Math.max(0, Math.ceil(Math.min(0, y1, y2) + y0 - 0.5));
  const bottom = Math.min(size - 1, Math.floor(Math.max(0, y1, y2) + y0 - 0.5));
  if (left > right || top > bottom) return;
  const inverse = 1 / area;
  const bx = y2 * inverse;
  const by = -x2 * inverse;
  const cx = -y1 * inverse;
  const cy = x1 * inverse;
  const ax = -bx - cx;
  const fromX = left + 0.5 - x0;
  const n0 = nearness[a]!;
  const nb = nearness[b]! - n0;
  const nc = nearness[c]! - n0;
  const nStep = bx * nb + cx * nc;
  for (let row = top; row <= bottom; row++) {
    const dy = row + 0.5 - y0;
    const weightB = bx * fromX + by * dy;
    const weightC = cx * fromX + cy * dy;
    const weightA = 1 - weightB - weightC;
    const first = firstInside(firstInside(firstInside(0, weightA, ax), weightB, bx), weightC, cx);
    const last = lastInside(lastInside(lastInside(right - left, weightA, ax), weightB, bx), weightC, cx);
    if (first > last) continue;
    let n = n0 + (weightB + bx * first) * nb + (weightC + cx * first) * nc;
    const end = row * size + left + last;
    for (let pixel = row * size + left + first; pixel <= end; pixel++) {
      if (n > height[pixel]!) height[pixel] = n;
      n += nStep;
    }
  }
}
