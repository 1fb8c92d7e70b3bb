/**
 * Makes triangle meshes from shapes, with three's geometry classes and without a DOM. A body becomes one mesh in its
 * own frame, with a material per vertex. The meshes are coarse, for the cell's cameras; the window builds finer ones
 * itself.
 */
import { BoxGeometry, type BufferGeometry, LatheGeometry, Matrix4, Quaternion, Vector2, Vector3 } from 'three';
import { RoundedBoxGeometry } from 'three/examples/jsm/geometries/RoundedBoxGeometry.js';
import { mergeVertices } from 'three/examples/jsm/utils/BufferGeometryUtils.js';
import type { Body, Part, SceneShapes, Solid } from '../../../main/api/window/shapes.ts';

/** Facets around a lathe; enough for pictures of 128 pixels. */
const LATHE_SEGMENTS = 12;
/** A profile's points within this distance of the line between their neighbours are dropped. */
const PROFILE_TOLERANCE_M = 0.0016;
/** Facets across a rounded edge. */
const EDGE_SEGMENTS = 1;
/** Boxes are cut into cells no longer than this, so that shading and clipping work on large ones. */
const BOX_CELL_M = 0.125;

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

/** Drops points of a profile that the tolerance allows, by the algorithm of Ramer, Douglas and Peucker. */
function simplified(profile: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const first = profile[0];
  const last = profile.at(-1);
  if (!first || !last || profile.length < 3) return [...profile];
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
  if (distance <= PROFILE_TOLERANCE_M) return [first, last];
  const head = simplified(profile.slice(0, farthest + 1));
  return [...head.slice(0, -1), ...simplified(profile.slice(farthest))];
}

function solidGeometry(solid: Solid): BufferGeometry {
  switch (solid.kind) {
    case 'lathe': {
      const points = simplified(solid.profile).map(([radius, z]) => new Vector2(radius, z));
      return new LatheGeometry(points, LATHE_SEGMENTS).rotateX(Math.PI / 2);
    }
    case 'rounded-box':
      return new RoundedBoxGeometry(...solid.sizeM, EDGE_SEGMENTS, solid.radiusM);
    case 'box': {
      const [x, y, z] = solid.sizeM;
      const cells = (length: number) => Math.ceil(length / BOX_CELL_M);
      return new BoxGeometry(x, y, z, cells(x), cells(y), cells(z));
    }
    default:
      return solid satisfies never;
  }
}

/** Returns the geometry of one part in its body's frame. */
function partGeometry(part: Part): BufferGeometry {
  const { positionM, orientation } = part.bodyFromPart;
  const pose = new Matrix4().compose(new Vector3(...positionM), new Quaternion(...orientation), new Vector3(1, 1, 1));
  const geometry = solidGeometry(part.solid);
  // Equal positions with different texture coordinates would not merge.
  geometry.deleteAttribute('uv');
  return mergeVertices(geometry, 1e-5).applyMatrix4(pose);
}

export function bodyMesh(body: Body, shapes: SceneShapes): BodyMesh {
  const positions: number[] = [];
  const normals: number[] = [];
  const materials: number[] = [];
  const indices: number[] = [];
  for (const part of body.parts) {
    const geometry = partGeometry(part);
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
