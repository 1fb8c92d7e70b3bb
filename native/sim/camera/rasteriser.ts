/**
 * Deterministic software rasteriser: z-buffer, Gouraud shading in linear light, one shadow-casting lamp with a shadow map,
 * sky and table bounce, supersampling, a film-like tone curve. No GPU, no DOM; the same poses give the same bytes.
 * `setScene` poses the bodies and draws the shadow map once; `draw` makes one picture. `RenderLook` is what domain
 * randomisation varies. Linear RGB in, 8-bit sRGB out.
 */
import { Matrix4, Quaternion, Vector3 } from 'three';
import type { Vec3 } from '../../../main/api/geometry.ts';
import type { CameraMount, SceneShapes } from '../../../main/api/window/shapes.ts';
import type { ScenePoses } from '../../device.ts';
import { develop } from './film.ts';
import { type BodyMesh, bodyMesh, CAMERA_DETAIL, type LevelOfDetail } from './meshes.ts';
import { createShader } from './shading.ts';
import { createShadowMap } from './shadow-map.ts';
import { type ColorTarget, createVertexBuffer, fillColor, type VertexBuffer } from './triangle-fill.ts';

export interface RenderLook {
  /** Towards the lamp; any length. */
  readonly lightDirection: Vec3;
  /** Multiplies everything; 1 is the default picture. */
  readonly exposure: number;
  /** Share of the lamp against the sky, 1 is the default. */
  readonly lampStrength: number;
  /** Per material and channel, multiplies its colour; undefined leaves it. [materials, 3] */
  readonly colorGains: Float32Array | undefined;
  /** Linear RGB behind the scene, at the picture's top and bottom. */
  readonly backgroundTop: Vec3;
  readonly backgroundBottom: Vec3;
}

export const DEFAULT_LOOK: RenderLook = {
  lightDirection: [0.32, -0.5, 0.8],
  exposure: 1,
  lampStrength: 1,
  colorGains: undefined,
  backgroundTop: [0.5, 0.54, 0.58],
  backgroundBottom: [0.24, 0.26, 0.28],
};

export interface RendererOptions {
  readonly size: number;
  /** Samples per pixel along each axis. */
  readonly supersample: number;
  readonly detail?: LevelOfDetail;
}

export interface Renderer {
  /** Poses the scene and computes its shadows, for any number of `draw` calls. */
  setScene(poses: ScenePoses, look?: RenderLook): void;
  /** `size`² RGB bytes, row by row; a new array each time. */
  draw(camera: CameraMount): Uint8Array;
  /** `setScene`, then `draw`. */
  render(camera: CameraMount, poses: ScenePoses, look?: RenderLook): Uint8Array;
  readonly triangles: number;
}

/** A body's mesh with its place in the scene's vertex buffer. */
export interface PlacedMesh {
  readonly mesh: BodyMesh;
  readonly bodyIndex: number;
  readonly firstVertex: number;
  /** Row-major 3×4, base from body. */
  readonly pose: Float64Array;
  visible: boolean;
}

const NEAR_M = 0.01;
/** Bodies parked below the table are not in the scene. */
const HIDDEN_BELOW_M = -0.5;

export function createRenderer(shapes: SceneShapes, options: RendererOptions): Renderer {
  const { size, supersample, detail = CAMERA_DETAIL } = options;
  let vertexCount = 0;
  const placed: PlacedMesh[] = shapes.bodies.map((body, bodyIndex) => {
    const mesh = bodyMesh(body, shapes, detail);
    const firstVertex = vertexCount;
    vertexCount += mesh.materials.length;
    return { mesh, bodyIndex, firstVertex, pose: new Float64Array(12), visible: true };
  });
  const vertices = createVertexBuffer(vertexCount + SPARE_VERTICES);
  const depth = new Float32Array(vertexCount + SPARE_VERTICES);
  const samples = size * supersample;
  const target: ColorTarget = {
    width: samples,
    height: samples,
    nearness: new Float32Array(samples * samples),
    color: new Float32Array(samples * samples * 4),
  };
  const shadows = createShadowMap(placed, vertices);
  const shader = createShader(shapes);
  let look = DEFAULT_LOOK;
  let scenePoses: ScenePoses = new Float32Array(shapes.bodies.length * 7);

  const setScene = (poses: ScenePoses, newLook: RenderLook = DEFAULT_LOOK) => {
    scenePoses = poses;
    look = newLook;
    for (const body of placed) placeBody(body, poses);
    shader.setLook(look);
    shadows.draw(look.lightDirection);
  };

  const draw = (camera: CameraMount): Uint8Array => {
    const baseFromCamera = cameraPose(shapes, camera, scenePoses);
    const e = baseFromCamera.elements;
    const focal = samples / 2 / Math.tan(camera.verticalFovRad / 2);
    const view = { elements: e, focal, centre: samples / 2 };
    target.nearness.fill(0);
    // Gripper first, table last: what is hidden later costs only its depth test.
    for (let index = placed.length - 1; index >= 0; index--) {
      const body = placed[index]!;
      if (!body.visible || outOfView(body, view)) continue;
      projectBody(body, view, vertices, depth);
      shader.shade(body, e[12]!, e[13]!, e[14]!, vertices);
      const { indices } = body.mesh;
      for (let corner = 0; corner < indices.length; corner += 3)
        drawTriangle(
          body.firstVertex + indices[corner]!,
          body.firstVertex + indices[corner + 1]!,
          body.firstVertex + indices[corner + 2]!,
          focal,
        );
    }
    shadows.prepareLookup(view);
    return develop(target, size, supersample, look, shadows);
  };

  const drawTriangle = (a: number, b: number, c: number, focal: number) => {
    const inFront = (depth[a]! > NEAR_M ? 1 : 0) + (depth[b]! > NEAR_M ? 1 : 0) + (depth[c]! > NEAR_M ? 1 : 0);
    if (inFront === 3) fillColor(target, vertices, a, b, c);
    else if (inFront > 0) drawClipped(a, b, c, focal);
  };

  /** Cuts the triangle at the near plane; at most a quadrilateral is left, in the spare vertices. */
  const drawClipped = (a: number, b: number, c: number, focal: number) => {
    let count = 0;
    for (let edge = 0; edge < 3; edge++) {
      const from = edge === 0 ? a : edge === 1 ? b : c;
      const to = edge === 0 ? b : edge === 1 ? c : a;
      const fromInside = depth[from]! > NEAR_M;
      if (fromInside) copyVertex(vertices, from, vertexCount + count++);
      if (fromInside === depth[to]! > NEAR_M) continue;
      const fraction = (NEAR_M - depth[from]!) / (depth[to]! - depth[from]!);
      cutVertex(vertices, depth, from, to, fraction, vertexCount + count++, focal, target.width / 2);
    }
    for (let corner = 1; corner + 1 < count; corner++)
      fillColor(target, vertices, vertexCount, vertexCount + corner, vertexCount + corner + 1);
  };

  return {
    setScene,
    draw,
    render: (camera, poses, newLook) => {
      setScene(poses, newLook);
      return draw(camera);
    },
    triangles: placed.reduce((sum, { mesh }) => sum + mesh.indices.length / 3, 0),
  };
}

const SPARE_VERTICES = 4;

/** Where the camera is (column-major 4×4, three's order), and how it projects. */
export interface View {
  readonly elements: readonly number[];
  readonly focal: number;
  readonly centre: number;
}

function cameraPose(shapes: SceneShapes, camera: CameraMount, poses: ScenePoses): Matrix4 {
  const body = shapes.bodies.findIndex(({ name }) => name === camera.body);
  const { positionM, orientation } = camera.bodyFromCamera;
  const one = new Vector3(1, 1, 1);
  const bodyFromCamera = new Matrix4().compose(new Vector3(...positionM), new Quaternion(...orientation), one);
  if (body <= 0) return bodyFromCamera;
  const at = body * 7;
  return new Matrix4()
    .compose(
      new Vector3(poses[at], poses[at + 1], poses[at + 2]),
      new Quaternion(poses[at + 3], poses[at + 4], poses[at + 5], poses[at + 6]),
      one,
    )
    .multiply(bodyFromCamera);
}

function placeBody(body: PlacedMesh, poses: ScenePoses): void {
  const at = body.bodyIndex * 7;
  const isWorld = body.bodyIndex === 0;
  const x = isWorld ? 0 : poses[at + 3]!;
  const y = isWorld ? 0 : poses[at + 4]!;
  const z = isWorld ? 0 : poses[at + 5]!;
  const w = isWorld ? 1 : poses[at + 6]!;
  const { pose } = body;
  pose[0] = 1 - 2 * (y * y + z * z);
  pose[1] = 2 * (x * y - z * w);
  pose[2] = 2 * (x * z + y * w);
  pose[4] = 2 * (x * y + z * w);
  pose[5] = 1 - 2 * (x * x + z * z);
  pose[6] = 2 * (y * z - x * w);
  pose[8] = 2 * (x * z - y * w);
  pose[9] = 2 * (y * z + x * w);
  pose[10] = 1 - 2 * (x * x + y * y);
  pose[3] = isWorld ? 0 : poses[at]!;
  pose[7] = isWorld ? 0 : poses[at + 1]!;
  pose[11] = isWorld ? 0 : poses[at + 2]!;
  body.visible = pose[11]! > HIDDEN_BELOW_M;
}

/** True when the body's bounding sphere lies beside or behind the view. */
function outOfView({ pose, mesh }: PlacedMesh, { elements: e, focal, centre }: View): boolean {
  const radius = mesh.boundingRadiusM;
  const dx = pose[3]! - e[12]!;
  const dy = pose[7]! - e[13]!;
  const dz = pose[11]! - e[14]!;
  const right = e[0]! * dx + e[1]! * dy + e[2]! * dz;
  const up = e[4]! * dx + e[5]! * dy + e[6]! * dz;
  const ahead = -(e[8]! * dx + e[9]! * dy + e[10]! * dz);
  const reach = radius * Math.sqrt(focal * focal + centre * centre);
  return (
    ahead < -radius || Math.abs(right) * focal - ahead * centre > reach || Math.abs(up) * focal - ahead * centre > reach
  );
}

function projectBody(body: PlacedMesh, view: View, vertices: VertexBuffer, depth: Float32Array): void {
  const { pose, mesh, firstVertex } = body;
  const { positions } = mesh;
  const { elements: e, focal, centre } = view;
  const dx = pose[3]! - e[12]!;
  const dy = pose[7]! - e[13]!;
  const dz = pose[11]! - e[14]!;
  // Rows of camera-from-body.
  const r0 = e[0]! * pose[0]! + e[1]! * pose[4]! + e[2]! * pose[8]!;
  const r1 = e[0]! * pose[1]! + e[1]! * pose[5]! + e[2]! * pose[9]!;
  const r2 = e[0]! * pose[2]! + e[1]! * pose[6]! + e[2]! * pose[10]!;
  const r3 = e[0]! * dx + e[1]! * dy + e[2]! * dz;
  const u0 = e[4]! * pose[0]! + e[5]! * pose[4]! + e[6]! * pose[8]!;
  const u1 = e[4]! * pose[1]! + e[5]! * pose[5]! + e[6]! * pose[9]!;
  const u2 = e[4]! * pose[2]! + e[5]! * pose[6]! + e[6]! * pose[10]!;
  const u3 = e[4]! * dx + e[5]! * dy + e[6]! * dz;
  const b0 = -(e[8]! * pose[0]! + e[9]! * pose[4]! + e[10]! * pose[8]!);
  const b1 = -(e[8]! * pose[1]! + e[9]! * pose[5]! + e[10]! * pose[9]!);
  const b2 = -(e[8]! * pose[2]! + e[9]! * pose[6]! + e[10]! * pose[10]!);
  const b3 = -(e[8]! * dx + e[9]! * dy + e[10]! * dz);
  for (let at = 0, vertex = firstVertex; at < positions.length; at += 3, vertex++) {
    const px = positions[at]!;
    const py = positions[at + 1]!;
    const pz = positions[at + 2]!;
    const right = r0 * px + r1 * py + r2 * pz + r3;
    const up = u0 * px + u1 * py + u2 * pz + u3;
    const ahead = b0 * px + b1 * py + b2 * pz + b3;
    depth[vertex] = ahead;
    // Behind the near plane the plain coordinates are kept: clipping interpolates between them.
    const inverse = ahead > NEAR_M ? 1 / ahead : 0;
    vertices.nearness[vertex] = inverse;
    vertices.x[vertex] = ahead > NEAR_M ? centre + focal * right * inverse : right;
    vertices.y[vertex] = ahead > NEAR_M ? centre - focal * up * inverse : up;
  }
}

function copyVertex(vertices: VertexBuffer, from: number, to: number): void {
  vertices.x[to] = vertices.x[from]!;
  vertices.y[to] = vertices.y[from]!;
  vertices.nearness[to] = vertices.nearness[from]!;
  vertices.red[to] = vertices.red[from]!;
  vertices.green[to] = vertices.green[from]!;
  vertices.blue[to] = vertices.blue[from]!;
  vertices.ambientShare[to] = vertices.ambientShare[from]!;
}

function cutVertex(
  vertices: VertexBuffer,
  depth: Float32Array,
  from: number,
  to: number,
  fraction: number,
  into: number,
  focal: number,
  centre: number,
): void {
  const right = (vertex: number) =>
    depth[vertex]! > NEAR_M ? ((vertices.x[vertex]! - centre) * depth[vertex]!) / focal : vertices.x[vertex]!;
  const up = (vertex: number) =>
    depth[vertex]! > NEAR_M ? ((centre - vertices.y[vertex]!) * depth[vertex]!) / focal : vertices.y[vertex]!;
  const mix = (channel: Float32Array) => channel[from]! + (channel[to]! - channel[from]!) * fraction;
  const cutRight = right(from) + (right(to) - right(from)) * fraction;
  const cutUp = up(from) + (up(to) - up(from)) * fraction;
  vertices.x[into] = centre + (focal * cutRight) / NEAR_M;
  vertices.y[into] = centre - (focal * cutUp) / NEAR_M;
  vertices.nearness[into] = 1 / NEAR_M;
  vertices.red[into] = mix(vertices.red);
  vertices.green[into] = mix(vertices.green);
  vertices.blue[into] = mix(vertices.blue);
  vertices.ambientShare[into] = mix(vertices.ambientShare);
}
