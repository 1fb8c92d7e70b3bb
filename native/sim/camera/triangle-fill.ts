/**
 * The inner loops of the rasteriser: fills triangles, given by vertex numbers, into a depth-tested colour buffer or
 * into a height map seen from the light. The steps hand their numbers on in typed arrays, so that nothing is boxed or
 * allocated per triangle. Depth is kept as 1/z, so nearer is larger. Pixel centres lie at +0.5.
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

/** A square picture of `width`² samples. */
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

/**
 * Numbers of the triangle being filled. The corners are a, b and c; a pixel's weights are barycentric, and each changes
 * by a constant step along x and along y.
 */
const TRIANGLE = { aX: 0, aY: 1, bStepX: 2, bStepY: 3, cStepX: 4, cStepY: 5, aStepX: 6 } as const;
const triangle = new Float64Array(7);
/** Bounds of the triangle in pixels, clipped to the target. */
const BOX = { left: 0, right: 1, top: 2, bottom: 3 } as const;
const box = new Int32Array(4);
/**
 * Pixels of one row inside the triangle, counted from the left bound, and the weights of b and c at the first of them.
 */
const SPAN = { first: 0, last: 1 } as const;
const span = new Int32Array(2);
const WEIGHT = { b: 0, c: 1 } as const;
const weights = new Float64Array(2);

/**
 * Prepares the triangle for `findSpan` on a square target of `width`² pixels. Returns false when no pixel is to be filled. Only front faces are filled:
 * counter-clockwise in the world is clockwise on the screen, whose y axis points down.
 */
function beginTriangle({ x, y }: VertexBuffer, a: number, b: number, c: number, width: number): boolean {
  const x0 = x[a]!;
  const y0 = y[a]!;
  const x1 = x[b]! - x0;
  const y1 = y[b]! - y0;
  const x2 = x[c]! - x0;
  const y2 = y[c]! - y0;
  const area = x1 * y2 - x2 * y1;
  if (!(area < 0)) return false;
  const left = Math.max(0, Math.ceil(Math.min(0, x1, x2) + x0 - 0.5));
  const right = Math.min(width - 1, Math.floor(Math.max(0, x1, x2) + x0 - 0.5));
  const top = Math.max(0, Math.ceil(Math.min(0, y1, y2) + y0 - 0.5));
  const bottom = Math.min(width - 1, Math.floor(Math.max(0, y1, y2) + y0 - 0.5));
  if (left > right || top > bottom) return false;
  box[BOX.left] = left;
  box[BOX.right] = right;
  box[BOX.top] = top;
  box[BOX.bottom] = bottom;
  const inverse = 1 / area;
  const bx = y2 * inverse;
  const cx = -y1 * inverse;
  triangle[TRIANGLE.aX] = x0;
  triangle[TRIANGLE.aY] = y0;
  triangle[TRIANGLE.bStepX] = bx;
  triangle[TRIANGLE.bStepY] = -x2 * inverse;
  triangle[TRIANGLE.cStepX] = cx;
  triangle[TRIANGLE.cStepY] = x1 * inverse;
  triangle[TRIANGLE.aStepX] = -bx - cx;
  return true;
}

/** Finds the pixels of a row whose three weights are not negative. Returns false when there are none. */
function findSpan(row: number): boolean {
  const bx = triangle[TRIANGLE.bStepX]!;
  const cx = triangle[TRIANGLE.cStepX]!;
  const ax = triangle[TRIANGLE.aStepX]!;
  const fromX = box[BOX.left]! + 0.5 - triangle[TRIANGLE.aX]!;
  const dy = row + 0.5 - triangle[TRIANGLE.aY]!;
  const weightB = bx * fromX + triangle[TRIANGLE.bStepY]! * dy;
  const weightC = cx * fromX + triangle[TRIANGLE.cStepY]! * dy;
  const weightA = 1 - weightB - weightC;
  let first = 0;
  let last = box[BOX.right]! - box[BOX.left]!;
  if (ax > 0) first = Math.max(first, Math.ceil(-weightA / ax));
  else if (ax < 0) last = Math.min(last, Math.floor(-weightA / ax));
  else if (weightA < 0) return false;
  if (bx > 0) first = Math.max(first, Math.ceil(-weightB / bx));
  else if (bx < 0) last = Math.min(last, Math.floor(-weightB / bx));
  else if (weightB < 0) return false;
  if (cx > 0) first = Math.max(first, Math.ceil(-weightC / cx));
  else if (cx < 0) last = Math.min(last, Math.floor(-weightC / cx));
  else if (weightC < 0) return false;
  if (first > last) return false;
  span[SPAN.first] = first;
  span[SPAN.last] = last;
  weights[WEIGHT.b] = weightB + bx * first;
  weights[WEIGHT.c] = weightC + cx * first;
  return true;
}

/** Fills colour and depth of the pixels where the triangle is nearer than what was drawn before. */
export function fillColor(target: ColorTarget, vertices: VertexBuffer, a: number, b: number, c: number): void {
  const { width, nearness: depth, color } = target;
  if (!beginTriangle(vertices, a, b, c, width)) return;
  const { nearness, red, green, blue, ambientShare } = vertices;
  const bx = triangle[TRIANGLE.bStepX]!;
  const cx = triangle[TRIANGLE.cStepX]!;
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
  const left = box[BOX.left]!;
  const bottom = box[BOX.bottom]!;
  for (let row = box[BOX.top]!; row <= bottom; row++) {
    if (!findSpan(row)) continue;
    const wb = weights[WEIGHT.b]!;
    const wc = weights[WEIGHT.c]!;
    let n = n0 + wb * nb + wc * nc;
    let r = r0 + wb * rb + wc * rc;
    let g = g0 + wb * gb + wc * gc;
    let l = l0 + wb * lb + wc * lc;
    let s = s0 + wb * sb + wc * sc;
    let pixel = row * width + left + span[SPAN.first]!;
    const end = row * width + left + span[SPAN.last]!;
    for (; pixel <= end; pixel++) {
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
  const { size, height } = target;
  if (!beginTriangle(vertices, a, b, c, size)) return;
  const { nearness } = vertices;
  const n0 = nearness[a]!;
  const nb = nearness[b]! - n0;
  const nc = nearness[c]! - n0;
  const nStep = triangle[TRIANGLE.bStepX]! * nb + triangle[TRIANGLE.cStepX]! * nc;
  const left = box[BOX.left]!;
  const bottom = box[BOX.bottom]!;
  for (let row = box[BOX.top]!; row <= bottom; row++) {
    if (!findSpan(row)) continue;
    let n = n0 + weights[WEIGHT.b]! * nb + weights[WEIGHT.c]! * nc;
    let pixel = row * size + left + span[SPAN.first]!;
    const end = row * size + left + span[SPAN.last]!;
    for (; pixel <= end; pixel++) {
      if (n > height[pixel]!) height[pixel] = n;
      n += nStep;
    }
  }
}
