/** Building blocks of the cell's look: profiles to revolve, and parts placed on a body. Lengths in metres. */
import { Euler, Matrix4, Quaternion, Vector3 } from 'three';
import type { Pose, Quaternion as QuaternionNumbers, Vec3 } from '../../../main/api/geometry.ts';
import type { Part, Solid } from '../../../main/api/window/shapes.ts';

export type Profile = (readonly [number, number])[];

const FILLET_STEPS = 5;
const NECK_STEPS = 10;

/** Returns a quarter of a circle from `fromRad`, counter-clockwise in the (radius, z) plane. */
function arc(centreRadius: number, centreZ: number, radius: number, fromRad: number): Profile {
  return Array.from({ length: FILLET_STEPS + 1 }, (_, step) => {
    const angle = fromRad + ((Math.PI / 2) * step) / FILLET_STEPS;
    return [centreRadius + radius * Math.cos(angle), centreZ + radius * Math.sin(angle)] as const;
  });
}

/** Makes a disc or cylinder with rounded rims. */
export function drum(radius: number, fromZ: number, toZ: number, fillet: number): Solid {
  return {
    kind: 'lathe',
    profile: [
      [0, fromZ],
      ...arc(radius - fillet, fromZ + fillet, fillet, -Math.PI / 2),
      ...arc(radius - fillet, toZ - fillet, fillet, 0),
      [0, toZ],
    ],
  };
}

/** Makes a tube wall whose radius eases from one value to another. */
export function neck(fromRadius: number, fromZ: number, toRadius: number, toZ: number): Solid {
  const profile = Array.from({ length: NECK_STEPS + 1 }, (_, step) => {
    const t = step / NECK_STEPS;
    const eased = t * t * (3 - 2 * t);
    return [fromRadius + (toRadius - fromRadius) * eased, fromZ + (toZ - fromZ) * t] as const;
  });
  return { kind: 'lathe', profile };
}

/** Makes a shallow dome for the end of a drum. */
export function dome(radius: number, baseZ: number, heightM: number): Solid {
  const steps = 6;
  const profile = Array.from({ length: steps + 1 }, (_, step) => {
    const angle = (Math.PI / 2) * (step / steps);
    return [radius * Math.cos(angle), baseZ + heightM * Math.sin(angle)] as const;
  });
  return { kind: 'lathe', profile };
}

export function roundedBox(sizeM: Vec3, radiusM: number): Solid {
  return { kind: 'rounded-box', sizeM, radiusM };
}

export function box(sizeM: Vec3): Solid {
  return { kind: 'box', sizeM };
}

/** Places a solid at `positionM`, turned by Euler angles x, then y, then z about the body's axes. */
export function part(material: string, solid: Solid, positionM: Vec3 = [0, 0, 0], turnRad: Vec3 = [0, 0, 0]): Part {
  const { x, y, z, w } = new Quaternion().setFromEuler(new Euler(turnRad[0], turnRad[1], turnRad[2], 'ZYX'));
  return { material, solid, bodyFromPart: { positionM, orientation: [x, y, z, w] } };
}

/** Returns the pose of a camera at `fromM` that looks at `atM` along −z, with x to the right and y up. */
export function lookAt(fromM: Vec3, atM: Vec3, up: Vec3): Pose {
  const rotation = new Matrix4().lookAt(new Vector3(...fromM), new Vector3(...atM), new Vector3(...up));
  const { x, y, z, w } = new Quaternion().setFromRotationMatrix(rotation);
  return { positionM: fromM, orientation: [x, y, z, w] as QuaternionNumbers };
}
