/** Makes three.js geometry from the contract's solids, and matrices from poses. Metres, z up. */
import { BoxGeometry, type BufferGeometry, LatheGeometry, Matrix4, Quaternion, Vector2, Vector3 } from 'three';
import { RoundedBoxGeometry } from 'three/examples/jsm/geometries/RoundedBoxGeometry.js';
import type { Pose, Solid } from '../../main/api/index.ts';

const position = new Vector3();
const orientation = new Quaternion();
const one = new Vector3(1, 1, 1);

export function matrixOf(pose: Pose, target = new Matrix4()): Matrix4 {
  position.set(...pose.positionM);
  orientation.set(...pose.orientation);
  return target.compose(position, orientation, one);
}

/** Reads the seven numbers of a pose: x, y, z, qx, qy, qz, qw. */
export function matrixAt(numbers: ArrayLike<number>, offset: number, target: Matrix4): Matrix4 {
  const at = (index: number) => numbers[offset + index] ?? 0;
  position.set(at(0), at(1), at(2));
  orientation.set(at(3), at(4), at(5), at(6));
  return target.compose(position, orientation, one);
}

export interface Detail {
  /** Number of segments around a lathe. */
  readonly lathe: number;
  /** Number of segments of a rounded edge. */
  readonly edge: number;
  /** True for diffuse light only, which takes a third of the time in software rendering. */
  readonly simpleShading: boolean;
}

export function geometryOf(solid: Solid, detail: Detail): BufferGeometry {
  switch (solid.kind) {
    case 'lathe': {
      const profile = solid.profile.map(([radius, z]) => new Vector2(radius, z));
      return new LatheGeometry(profile, detail.lathe).rotateX(Math.PI / 2);
    }
    case 'rounded-box': {
      const smallest = Math.min(...solid.sizeM);
      return new RoundedBoxGeometry(...solid.sizeM, detail.edge, Math.min(solid.radiusM, smallest * 0.49));
    }
    case 'box':
      return new BoxGeometry(...solid.sizeM);
    default:
      return solid satisfies never;
  }
}
