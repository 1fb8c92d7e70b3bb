/**
 * Light on vertices: one lamp with a soft highlight, a sky above, light from the table below. The lamp and the eye are
 * turned into each body's own frame, so that normals are never transformed. Linear RGB.
 */
import type { SceneShapes } from '../../../main/api/window/shapes.ts';
import type { PlacedMesh, RenderLook } from './render-scene.ts';
import type { VertexBuffer } from './triangle-fill.ts';

const LAMP = 0.95;
const SKY = 0.36;
const BOUNCE = 0.13;
/** The lamp's light falls off with the distance from this point in the work area. */
const POOL_CENTRE_M = [0.48, 0, 0.05] as const;
const POOL_RADIUS_M = 0.9;

export function createShader(shapes: SceneShapes) {
  const surfaces = surfacesOf(shapes);
  const { albedo } = surfaces;
  /** Lamp, eye and centre of the pool in the body's frame, three numbers each. */
  const inBody = new Float64Array(9);
  const light = new Float64Array(3);
  let lamp = LAMP;
  return {
    setLook: (look: RenderLook): void => {
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
    },
    /** Fills the colour channels of one body's vertices for an eye at (x, y, z). */
    shade: (body: PlacedMesh, eyeX: number, eyeY: number, eyeZ: number, vertices: VertexBuffer): void => {
      const { pose } = body;
      turnIntoBody(pose, light[0]!, light[1]!, light[2]!, inBody, 0);
      turnIntoBody(pose, eyeX - pose[3]!, eyeY - pose[7]!, eyeZ - pose[11]!, inBody, 3);
      const [x, y, z] = POOL_CENTRE_M;
      turnIntoBody(pose, x - pose[3]!, y - pose[7]!, z - pose[11]!, inBody, 6);
      shadeVertices(body, surfaces, inBody, lamp, vertices);
    },
  };
}

/** Properties of the materials, by index; linear RGB. */
function surfacesOf({ materials }: SceneShapes) {
  const smooth = materials.map(({ roughness }) => 1 - roughness);
  return {
    /** [materials, 3], filled by `setLook`. */
    albedo: new Float32Array(materials.length * 3),
    gloss: Float32Array.from(smooth, (value) => 0.5 * value * value),
    /** The highlight's exponent is 2 to the power of this. */
    squarings: Uint8Array.from(smooth, (value) => Math.round(2 + 5 * value)),
    metal: Float32Array.from(materials, ({ metalness }) => metalness),
  };
}

/** Turns a vector of the base frame into the body's frame, by the transposed rotation. */
function turnIntoBody(pose: Float64Array, x: number, y: number, z: number, into: Float64Array, at: number): void {
  into[at] = pose[0]! * x + pose[4]! * y + pose[8]! * z;
  into[at + 1] = pose[1]! * x + pose[5]! * y + pose[9]! * z;
  into[at + 2] = pose[2]! * x + pose[6]! * y + pose[10]! * z;
}

function shadeVertices(
  body: PlacedMesh,
  { albedo, gloss, squarings, metal }: ReturnType<typeof surfacesOf>,
  inBody: Float64Array,
  lamp: number,
  vertices: VertexBuffer,
): void {
  const { pose, mesh, firstVertex } = body;
  const { positions, normals, materials } = mesh;
  const lx = inBody[0]!;
  const ly = inBody[1]!;
  const lz = inBody[2]!;
  const cx = inBody[3]!;
  const cy = inBody[4]!;
  const cz = inBody[5]!;
  const poolX = inBody[6]!;
  const poolY = inBody[7]!;
  const poolZ = inBody[8]!;
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
}
