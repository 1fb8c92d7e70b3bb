/**
 * Places bodies in the base frame and projects their vertices into a camera's view, with the near plane.
 * A vertex keeps its depth beside the vertex buffer, so that triangles across the near plane can be cut.
 */
import { Matrix4, Quaternion, Vector3 } from 'three';
import type { CameraMount, SceneShapes } from '../../../main/api/window/shapes.ts';
import type { ScenePoses } from '../../device.ts';
import type { PlacedMesh, View } from './render-scene.ts';
import type { VertexBuffer } from './triangle-fill.ts';

export const NEAR_M = 0.01;
/** Bodies parked below the table are not in the scene. */
const HIDDEN_BELOW_M = -0.5;

/** Returns the view of a camera whose square picture has `samples` samples along each axis. */
export function viewOf(shapes: SceneShapes, camera: CameraMount, poses: ScenePoses, samples: number): View {
  return {
    elements: cameraPose(shapes, camera, poses).elements,
    focal: samples / 2 / Math.tan(camera.verticalFovRad / 2),
    centre: samples / 2,
  };
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

export function placeBody(body: PlacedMesh, poses: ScenePoses): void {
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

/** Returns true when the body's bounding sphere lies beside or behind the view. */
export function outOfView({ pose, mesh }: PlacedMesh, { elements: e, focal, centre }: View): boolean {
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

export function projectBody(body: PlacedMesh, view: View, vertices: VertexBuffer): void {
  const { pose, mesh, firstVertex } = body;
  const { positions } = mesh;
  const { depth } = vertices;
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
    // Behind the near plane the unprojected coordinates are kept, because cutting interpolates between them.
    const inverse = ahead > NEAR_M ? 1 / ahead : 0;
    vertices.nearness[vertex] = inverse;
    vertices.x[vertex] = ahead > NEAR_M ? centre + focal * right * inverse : right;
    vertices.y[vertex] = ahead > NEAR_M ? centre - focal * up * inverse : up;
  }
}
