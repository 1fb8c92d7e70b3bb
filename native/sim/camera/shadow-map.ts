/**
 * The lamp's shadows: the scene's heights towards the light on a square grid over the work area, and a smoothed lookup
 * for the samples of a picture. Points outside the grid are lit. Drawn once per scene and shared by all cameras.
 */
import type { Vec3 } from '../../../main/api/geometry.ts';
import type { PlacedMesh, View } from './render-scene.ts';
import { fillDepth, type VertexBuffer } from './triangle-fill.ts';

const SIZE = 512;
const EXTENT_M = 1;
const SCALE = SIZE / EXTENT_M;
const CENTRE_M = [0.38, 0.02, 0.15] as const;
/** A surface must lie this far below another to be in its shadow. */
const BIAS_M = 0.001;
const EMPTY = -1e3;

export type ShadowMap = ReturnType<typeof createShadowMap>;

export function createShadowMap(placed: readonly PlacedMesh[], vertices: VertexBuffer) {
  const height = new Float32Array(SIZE * SIZE);
  const target = { size: SIZE, height };
  /** Rows: u, v, towards the light. */
  const basis = new Float64Array(9);
  /** Per row, light coordinates of a sample: depth · (column 0 · x + column 1 · y + column 2) + column 3. */
  const lookup = new Float64Array(12);
  return {
    draw: (lightDirection: Vec3): void => {
      setBasis(basis, lightDirection);
      height.fill(EMPTY);
      for (const body of placed) {
        if (!body.visible || !body.mesh.castsShadow) continue;
        project(body, basis, vertices);
        const { indices } = body.mesh;
        for (let corner = 0; corner < indices.length; corner += 3)
          fillDepth(
            target,
            vertices,
            body.firstVertex + indices[corner]!,
            body.firstVertex + indices[corner + 1]!,
            body.firstVertex + indices[corner + 2]!,
          );
      }
    },
    /** Prepares `lit` for the samples of one picture. */
    prepareLookup: (view: View): void => setLookup(lookup, basis, view),
    /** Returns 1 when the lamp reaches the sample at (x, y) with that 1/depth, 0 when it does not, between at edges. */
    lit: (x: number, y: number, nearness: number): number => {
      const depth = 1 / nearness;
      const u = depth * (lookup[0]! * x + lookup[1]! * y + lookup[2]!) + lookup[3]!;
      const v = depth * (lookup[4]! * x + lookup[5]! * y + lookup[6]!) + lookup[7]!;
      if (!(u >= 0 && v >= 0 && u < SIZE - 1 && v < SIZE - 1)) return 1;
      const level = depth * (lookup[8]! * x + lookup[9]! * y + lookup[10]!) + lookup[11]!;
      const column = u | 0;
      const row = v | 0;
      const at = row * SIZE + column;
      const fractionU = u - column;
      const fractionV = v - row;
      const upperLeft = height[at]! > level ? 0 : 1;
      const upperRight = height[at + 1]! > level ? 0 : 1;
      const lowerLeft = height[at + SIZE]! > level ? 0 : 1;
      const lowerRight = height[at + SIZE + 1]! > level ? 0 : 1;
      const upper = upperLeft + (upperRight - upperLeft) * fractionU;
      const lower = lowerLeft + (lowerRight - lowerLeft) * fractionU;
      return upper + (lower - upper) * fractionV;
    },
  };
}

/** Sets the rows of the light's frame. */
function setBasis(basis: Float64Array, [x, y, z]: Vec3): void {
  const length = Math.hypot(x, y, z);
  const lx = x / length;
  const ly = y / length;
  const lz = z / length;
  const flat = Math.hypot(lx, ly) || 1;
  const ux = -ly / flat;
  const uy = flat === 1 && lx === 0 && ly === 0 ? 1 : lx / flat;
  basis.set([ux, uy, 0, -lz * uy, lz * ux, lx * uy - ly * ux, lx, ly, lz]);
}

/** Projects a body's vertices onto the grid; `nearness` becomes their height towards the light. */
function project(body: PlacedMesh, basis: Float64Array, vertices: VertexBuffer): void {
  const { pose, mesh, firstVertex } = body;
  const { positions } = mesh;
  const rows = [0, 3, 6].map((row) => {
    const [x, y, z] = [basis[row]!, basis[row + 1]!, basis[row + 2]!];
    return [
      x * pose[0]! + y * pose[4]! + z * pose[8]!,
      x * pose[1]! + y * pose[5]! + z * pose[9]!,
      x * pose[2]! + y * pose[6]! + z * pose[10]!,
      x * (pose[3]! - CENTRE_M[0]) + y * (pose[7]! - CENTRE_M[1]) + z * (pose[11]! - CENTRE_M[2]),
    ] as const;
  });
  const [u, v, w] = [rows[0]!, rows[1]!, rows[2]!];
  for (let at = 0, vertex = firstVertex; at < positions.length; at += 3, vertex++) {
    const x = positions[at]!;
    const y = positions[at + 1]!;
    const z = positions[at + 2]!;
    vertices.x[vertex] = SIZE / 2 + SCALE * (u[0] * x + u[1] * y + u[2] * z + u[3]);
    vertices.y[vertex] = SIZE / 2 + SCALE * (v[0] * x + v[1] * y + v[2] * z + v[3]);
    vertices.nearness[vertex] = w[0] * x + w[1] * y + w[2] * z + w[3];
  }
}

function setLookup(lookup: Float64Array, basis: Float64Array, { elements: e, focal, centre }: View): void {
  for (let row = 0; row < 3; row++) {
    const [x, y, z] = [basis[row * 3]!, basis[row * 3 + 1]!, basis[row * 3 + 2]!];
    const right = (x * e[0]! + y * e[1]! + z * e[2]!) / focal;
    const up = (x * e[4]! + y * e[5]! + z * e[6]!) / focal;
    const back = x * e[8]! + y * e[9]! + z * e[10]!;
    const factor = row < 2 ? SCALE : 1;
    lookup[row * 4] = factor * right;
    lookup[row * 4 + 1] = -factor * up;
    lookup[row * 4 + 2] = factor * ((0.5 - centre) * right - (0.5 - centre) * up - back);
    lookup[row * 4 + 3] =
      factor * (x * (e[12]! - CENTRE_M[0]) + y * (e[13]! - CENTRE_M[1]) + z * (e[14]! - CENTRE_M[2])) +
      (row < 2 ? SIZE / 2 - 0.5 : BIAS_M);
  }
}
