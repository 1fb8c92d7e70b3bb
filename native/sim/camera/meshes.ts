/**
 * Triangle meshes from shapes, with three's geometry classes and without a DOM. One mesh per body, in the body's frame,
 * with a material per vertex. `LevelOfDetail` trades roundness for triangles: `camera` for 128-pixel pictures, `display` for people.
 */
import { BoxGeometry, type BufferGeometry, LatheGeometry, Matrix4, Quaternion, Vector2, Vector3 } from 'three';
import { RoundedBoxGeometry } from 'three/examples/jsm/geometries/RoundedBoxGeometry.js';
import { mergeVertices } from 'three/examples/jsm/utils/BufferGeometryUtils.js';
import type { Body, Part, SceneShapes, Solid } from '../../../main/api/window/shapes.ts';

export interface LevelOfDetail {
  /** Facets around a lathe. */
  readonly latheSegments: number;
  /** A profile's points within this distance of the line between their neighbours are dropped. */
  readonly profileToleranceM: number;
  /** Facets across a rounded edge. */
  readonly edgeSegments: number;
  /** Plain boxes are cut into cells no longer than this, so that shading and clipping work on large ones. */
  readonly boxCellM: number;
}

export const CAMERA_DETAIL: LevelOfDetail = {
  latheSegments: 12,
  profileToleranceM: 0.0016,
  edgeSegments: 1,
  boxCellM: 0.125,
};
export const DISPLAY_DETAIL: LevelOfDetail = {
  latheSegments: 48,
  profileToleranceM: 0,
  edgeSegments: 4,
  boxCellM: 0.125,
};

export interface BodyMesh {
  readonly body: string;
  readonly castsShadow: boolean;
  /** [vertices, 3] in the body's frame. */
  readonly positions: Float32Array;
  readonly normals: Float32Array;
  /** Index into `SceneShapes.materials`, per vertex. */
  readonly materials: Uint8Array;
  /** [triangles, 3], counter-clockwise from outside. */
  readonly indices: Uint32Array;
  readonly boundingRadiusM: number;
}

/** Ramer–Douglas–Peucker on a profile. */
function simplified(
  profile: readonly (readonly [number, number])[],
  toleranceM: number,
): (readonly [number, number])[] {
  const first = profile[0];
  const last = profile.at(-1);
  if (!first || !last || profile.length < 3 || toleranceM <= 0) return [...profile];
  const length = Math.hypot(last[0] - first[0], last[1] - first[1]);
  let farthest = 0;
  let distance = 0;
  profile.forEach((point, index) => {
    const away =
      length > 1e-9
        ? Math.abs((last[0] - first[0]) * (first[1] - point[1]) - (first[0] - point[0]) * (last[1] - first[1])) / length
        : Math.hypot(point[0] - first[0], point[1] - first[1]);
    if (away > distance) [farthest, distance] = [index, away];
  });
  if (distance <= toleranceM) return [first, last];
  const head = simplified(profile.slice(0, farthest + 1), toleranceM);
  return [...head.slice(0, -1), ...simplified(profile.slice(farthest), toleranceM)];
}

function solidGeometry(solid: Solid, detail: LevelOfDetail): BufferGeometry {
  switch (solid.kind) {
    case 'lathe': {
      const points = simplified(solid.profile, detail.profileToleranceM).map(([radius, z]) => new Vector2(radius, z));
      return new LatheGeometry(points, detail.latheSegments).rotateX(Math.PI / 2);
    }
    case 'rounded-box': {
      const small = Math.max(...solid.sizeM) < 0.03;
      return new RoundedBoxGeometry(
        ...solid.sizeM,
        small ? Math.min(1, detail.edgeSegments) : detail.edgeSegments,
        solid.radiusM,
      );
    }
    case 'box': {
      const [x, y, z] = solid.sizeM;
      const cells = (length: number) => Math.ceil(length / detail.boxCellM);
      return new BoxGeometry(x, y, z, cells(x), cells(y), cells(z));
    }
    default:
      return solid satisfies never;
  }
}

/** Geometry of one part in its body's frame; the window's scene uses this one. */
export function partGeometry(part: Part, detail: LevelOfDetail): BufferGeometry {
  const { positionM, orientation } = part.bodyFromPart;
  const pose = new Matrix4().compose(new Vector3(...positionM), new Quaternion(...orientation), new Vector3(1, 1, 1));
  const geometry = solidGeometry(part.solid, detail);
  geometry.deleteAttribute('uv'); // equal positions with different texture coordinates would not merge
  return mergeVertices(geometry, 1e-5).applyMatrix4(pose);
}

export function bodyMesh(body: Body, shapes: SceneShapes, detail: LevelOfDetail): BodyMesh {
  const positions: number[] = [];
  const normals: number[] = [];
  const materials: number[] = [];
  const indices: number[] = [];
  for (const part of body.parts) {
    const geometry = partGeometry(part, detail);
    const offset = materials.length;
    const material = shapes.materials.findIndex(({ name }) => name === part.material);
    if (material < 0) throw new Error(`body "${body.name}" uses the unknown material "${part.material}"`);
    const position = geometry.getAttribute('position');
    const normal = geometry.getAttribute('normal');
    for (let vertex = 0; vertex < position.count; vertex++) {
      positions.push(position.getX(vertex), position.getY(vertex), position.getZ(vertex));
      normals.push(normal.getX(vertex), normal.getY(vertex), normal.getZ(vertex));
      materials.push(material);
    }
    const index = geometry.getIndex();
    for (let corner = 0; corner < (index?.count ?? 0); corner++) indices.push(offset + (index?.getX(corner) ?? 0));
    geometry.dispose();
  }
  let squared = 0;
  for (let at = 0; at < positions.length; at += 3)
    squared = Math.max(squared, positions[at]! ** 2 + positions[at + 1]! ** 2 + positions[at + 2]! ** 2);
  return {
    body: body.name,
    castsShadow: body.castsShadow,
    positions: Float32Array.from(positions),
    normals: Float32Array.from(normals),
    materials: Uint8Array.from(materials),
    indices: Uint32Array.from(indices),
    boundingRadiusM: Math.sqrt(squared),
  };
}
