/**
 * Light on vertices: one lamp with a soft highlight, a sky above, a bounce from the table below. Works in each body's own
 * frame (the lamp and the eye are turned into it), so normals are never transformed. Linear RGB.
 */
import type { SceneShapes } from '../../../main/api/window/shapes.ts';
import type { PlacedMesh, RenderLook } from './rasteriser.ts';
import type { VertexBuffer } from './triangle-fill.ts';

const LAMP = 0.95;
const SKY = 0.36;
const BOUNCE = 0.13;
/** The lamp's pool of light: strength falls off away from the work area. */
const POOL_CENTRE_M = [0.48, 0, 0.05] as const;
const POOL_RADIUS_M = 0.9;

export interface Shader {
  setLook(look: RenderLook): void;
  /** Fills the colour channels of one body's vertices for an eye at (x, y, z). */
  shade(body: PlacedMesh, eyeX: number, eyeY: number, eyeZ: number, vertices: VertexBuffer): void;
}

export function createShader(shapes: SceneShapes): Shader {
  const count = shapes.materials.length;
  const albedo = new Float32Array(count * 3);
  const gloss = new Float32Array(count);
  const squarings = new Uint8Array(count);
  const metal = new Float32Array(count);
  shapes.materials.forEach((material, index) => {
    const smooth = 1 - material.roughness;
    gloss[index] = 0.5 * smooth * smooth;
    squarings[index] = Math.round(2 + 5 * smooth); // highlight exponent 2^n
    metal[index] = material.metalness;
  });
  const light = new Float64Array(3);
  let lamp = LAMP;

  const setLook = (look: RenderLook) => {
    const [x, y, z] = look.lightDirection;
    const length = Math.hypot(x, y, z);
    light[0] = x / length;
    light[1] = y / length;
    light[2] = z / length;
    lamp = LAMP * look.lampStrength;
    shapes.materials.forEach(({ color }, index) => {
      for (const channel of [0, 1, 2] as const)
        albedo[index * 3 + channel] = color[channel] * (look.colorGains?.[index * 3 + channel] ?? 1);
    });
  };

  const shade = (body: PlacedMesh, eyeX: number, eyeY: number, eyeZ: number, vertices: VertexBuffer) => {
    const { pose, mesh, firstVertex } = body;
    const { positions, normals, materials } = mesh;
    // Into the body's frame: the transposed rotation.
    const lx = pose[0]! * light[0]! + pose[4]! * light[1]! + pose[8]! * light[2]!;
    const ly = pose[1]! * light[0]! + pose[5]! * light[1]! + pose[9]! * light[2]!;
    const lz = pose[2]! * light[0]! + pose[6]! * light[1]! + pose[10]! * light[2]!;
    const ex = eyeX - pose[3]!;
    const ey = eyeY - pose[7]!;
    const ez = eyeZ - pose[11]!;
    const cx = pose[0]! * ex + pose[4]! * ey + pose[8]! * ez;
    const cy = pose[1]! * ex + pose[5]! * ey + pose[9]! * ez;
    const cz = pose[2]! * ex + pose[6]! * ey + pose[10]! * ez;
    const px = POOL_CENTRE_M[0] - pose[3]!;
    const py = POOL_CENTRE_M[1] - pose[7]!;
    const pz = POOL_CENTRE_M[2] - pose[11]!;
    const poolX = pose[0]! * px + pose[4]! * py + pose[8]! * pz;
    const poolY = pose[1]! * px + pose[5]! * py + pose[9]! * pz;
    const poolZ = pose[2]! * px + pose[6]! * py + pose[10]! * pz;
    for (let index = 0; index < materials.length; index++) {
      const at = index * 3;
      const nx = normals[at]!;
      const ny = normals[at + 1]!;
      const nz = normals[at + 2]!;
      const x = positions[at]!;
      const y = positions[at + 1]!;
      const z = positions[at + 2]!;
      const material = materials[index]!;
      let vx = cx - x;
      let vy = cy - y;
      let vz = cz - z;
      const inverse = 1 / Math.sqrt(vx * vx + vy * vy + vz * vz);
      vx *= inverse;
      vy *= inverse;
      vz *= inverse;
      const facing = nx * lx + ny * ly + nz * lz;
      const upward = nx * pose[8]! + ny * pose[9]! + nz * pose[10]!;
      const away = 1 - Math.max(0, nx * vx + ny * vy + nz * vz);
      const rim = away * away * away * away;
      const poolDistance = (x - poolX) ** 2 + (y - poolY) ** 2 + (z - poolZ) ** 2;
      const pool = 1 / (1 + poolDistance / (POOL_RADIUS_M * POOL_RADIUS_M));
      const shine = gloss[material]!;
      const ambient = SKY * (0.5 + 0.5 * upward) + BOUNCE * (0.5 - 0.5 * upward);
      const ambientShine = shine * (0.25 + rim) * SKY * (0.6 + 0.4 * upward);
      let direct = 0;
      let highlight = 0;
      if (facing > 0) {
        direct = lamp * facing * pool;
        const hx = lx + vx;
        const hy = ly + vy;
        const hz = lz + vz;
        const along = (nx * hx + ny * hy + nz * hz) / Math.sqrt(hx * hx + hy * hy + hz * hz);
        if (along > 0) {
          highlight = along;
          for (let power = 0; power < squarings[material]!; power++) highlight *= highlight;
          highlight *= 2 * shine * lamp * pool * Math.min(1, 4 * facing);
        }
      }
      const tint = metal[material]!;
      const diffuse = (1 - 0.6 * tint) * (ambient + direct);
      const whiteShine = (1 - tint) * (highlight + ambientShine);
      const tintedShine = tint * (highlight + ambientShine) * 3 + diffuse;
      const r = albedo[material * 3]!;
      const g = albedo[material * 3 + 1]!;
      const b = albedo[material * 3 + 2]!;
      const vertex = firstVertex + index;
      vertices.red[vertex] = r * tintedShine + whiteShine;
      vertices.green[vertex] = g * tintedShine + whiteShine;
      vertices.blue[vertex] = b * tintedShine + whiteShine;
      const kept = ambient + 2 * ambientShine;
      vertices.ambientShare[vertex] = kept / (kept + direct + 2 * highlight + 1e-6);
    }
  };

  return { setLook, shade };
}
