/** Draws the triangles of a body, and cuts those that cross the near plane. */
import { NEAR_M } from './projection.ts';
import type { PlacedMesh, View } from './render-scene.ts';
import { type ColorTarget, fillColor, type VertexBuffer } from './triangle-fill.ts';

/** Vertices at the end of the buffer that hold the corners of a cut triangle. */
export const SPARE_VERTICES = 4;
const LIGHT = ['red', 'green', 'blue', 'ambientShare'] as const;

/** Draws the triangles of one body whose vertices are projected and lit. */
export function drawBody(target: ColorTarget, vertices: VertexBuffer, body: PlacedMesh, view: View): void {
  const { firstVertex, mesh } = body;
  const { indices } = mesh;
  const { depth } = vertices;
  for (let corner = 0; corner < indices.length; corner += 3) {
    const a = firstVertex + indices[corner]!;
    const b = firstVertex + indices[corner + 1]!;
    const c = firstVertex + indices[corner + 2]!;
    const inFront = (depth[a]! > NEAR_M ? 1 : 0) + (depth[b]! > NEAR_M ? 1 : 0) + (depth[c]! > NEAR_M ? 1 : 0);
    if (inFront === 3) fillColor(target, vertices, a, b, c);
    else if (inFront > 0) drawClipped(target, vertices, a, b, c, view);
  }
}

/** Cuts the triangle at the near plane and draws the rest, which is a triangle or a quadrilateral. */
function drawClipped(target: ColorTarget, vertices: VertexBuffer, a: number, b: number, c: number, view: View): void {
  const { depth } = vertices;
  const firstSpare = depth.length - SPARE_VERTICES;
  let count = 0;
  for (let edge = 0; edge < 3; edge++) {
    const from = edge === 0 ? a : edge === 1 ? b : c;
    const to = edge === 0 ? b : edge === 1 ? c : a;
    const fromInside = depth[from]! > NEAR_M;
    if (fromInside) copyVertex(vertices, from, firstSpare + count++);
    if (fromInside === depth[to]! > NEAR_M) continue;
    cutVertex(vertices, from, to, firstSpare + count++, view);
  }
  for (let corner = 1; corner + 1 < count; corner++)
    fillColor(target, vertices, firstSpare, firstSpare + corner, firstSpare + corner + 1);
}

function copyVertex(vertices: VertexBuffer, from: number, to: number): void {
  for (const channel of ['x', 'y', 'nearness', ...LIGHT] as const) vertices[channel][to] = vertices[channel][from]!;
}

/** Writes the point where the edge from `from` to `to` crosses the near plane into the vertex `into`. */
function cutVertex(vertices: VertexBuffer, from: number, to: number, into: number, { focal, centre }: View): void {
  const { depth } = vertices;
  const fraction = (NEAR_M - depth[from]!) / (depth[to]! - depth[from]!);
  const right = (vertex: number) =>
    depth[vertex]! > NEAR_M ? ((vertices.x[vertex]! - centre) * depth[vertex]!) / focal : vertices.x[vertex]!;
  const up = (vertex: number) =>
    depth[vertex]! > NEAR_M ? ((centre - vertices.y[vertex]!) * depth[vertex]!) / focal : vertices.y[vertex]!;
  const cutRight = right(from) + (right(to) - right(from)) * fraction;
  const cutUp = up(from) + (up(to) - up(from)) * fraction;
  vertices.x[into] = centre + (focal * cutRight) / NEAR_M;
  vertices.y[into] = centre - (focal * cutUp) / NEAR_M;
  vertices.nearness[into] = 1 / NEAR_M;
  for (const name of LIGHT) {
    const channel = vertices[name];
    channel[into] = channel[from]! + (channel[to]! - channel[from]!) * fraction;
  }
}
