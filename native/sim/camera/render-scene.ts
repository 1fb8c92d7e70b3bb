/**
 * Types that the steps of one picture share: the scene's look, the meshes with their poses, and the camera's view.
 * Linear RGB; lengths in metres.
 */
import type { Vec3 } from '../../../main/api/geometry.ts';
import type { Rng } from '../../../main/api/rng.ts';
import type { BodyMesh } from './meshes.ts';

/** Light, exposure and colours of a picture: the settings that domain randomisation varies. */
export interface RenderLook {
  /** Points towards the lamp; any length. */
  readonly lightDirection: Vec3;
  /** Multiplies everything; 1 is the default picture. */
  readonly exposure: number;
  /** Strength of the lamp against the sky; 1 is the default. */
  readonly lampStrength: number;
  /** [materials, 3], multiplies each material's colour; `undefined` leaves the colours. */
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

/** Draws light around the default: the direction's axes by ±`spread`, exposure and lamp by factors of 1 ± theirs. */
export function variedLight(rng: Rng, spread: Vec3, exposureSpread: number, lampSpread: number): RenderLook {
  const [x, y, z] = DEFAULT_LOOK.lightDirection;
  const around = (value: number, size: number) => value + rng.range(-size, size);
  return {
    ...DEFAULT_LOOK,
    lightDirection: [around(x, spread[0]), around(y, spread[1]), around(z, spread[2])],
    exposure: around(1, exposureSpread),
    lampStrength: around(1, lampSpread),
  };
}

/** A body's mesh with its pose and its range in the scene's vertex buffer. */
export interface PlacedMesh {
  readonly mesh: BodyMesh;
  readonly bodyIndex: number;
  readonly firstVertex: number;
  /** Row-major 3×4, base from body. */
  readonly pose: Float64Array;
  visible: boolean;
}

/** A camera's pose and its projection. */
export interface View {
  /** Base from camera, a column-major 4×4 as three has it. */
  readonly elements: readonly number[];
  /** Focal length, in samples. */
  readonly focal: number;
  /** Half of the picture's width, in samples. */
  readonly centre: number;
}
