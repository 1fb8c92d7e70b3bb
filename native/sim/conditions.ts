/**
 * Conditions that an encoder was not made for, to see what it is worth: other light, other colours, a camera that was knocked.
 * Each episode has its own, from its seed. The spreads are wider than those of the encoder's training pictures
 * (`encoder-data/look.ts`), and its cameras never moved.
 */
import { Euler, Quaternion } from 'three';
import { createRng } from '../../main/api/rng.ts';
import type { CameraMount, SceneShapes } from '../../main/api/shapes.ts';
import { DEFAULT_LOOK, type RenderLook } from './camera/render-scene.ts';

export const CONDITIONS = ['usual', 'light', 'colour', 'camera'] as const;
export type Conditions = (typeof CONDITIONS)[number];

export interface View {
  readonly look: RenderLook;
  readonly cameras: readonly CameraMount[];
}

const LIGHT_SPREAD = [0.6, 0.6, 0.2] as const;
/** Exposure and lamp: factors between 1 − spread and 1 + spread. */
const BRIGHTNESS_SPREAD = 0.4;
const COLOR_SPREAD = 0.4;
const CAMERA_SHIFT_STD_M = 0.002;
const CAMERA_TURN_STD_RAD = 0.0087; // half a degree

export function viewUnder(conditions: Conditions, shapes: SceneShapes, seed: number): View {
  const usual: View = { look: DEFAULT_LOOK, cameras: shapes.cameras };
  const rng = createRng(seed).split('conditions');
  const around = (spread: number) => 1 + rng.range(-spread, spread);
  switch (conditions) {
    case 'usual':
      return usual;
    case 'light': {
      const [x, y, z] = DEFAULT_LOOK.lightDirection;
      const [dx, dy, dz] = LIGHT_SPREAD.map((spread) => rng.range(-spread, spread)) as [number, number, number]; // three spreads
      const lightDirection = [x + dx, y + dy, z + dz] as const;
      const brightness = { exposure: around(BRIGHTNESS_SPREAD), lampStrength: around(BRIGHTNESS_SPREAD) };
      return { ...usual, look: { ...DEFAULT_LOOK, lightDirection, ...brightness } };
    }
    case 'colour':
      return {
        ...usual,
        look: {
          ...DEFAULT_LOOK,
          colorGains: Float32Array.from({ length: 3 * shapes.materials.length }, () => around(COLOR_SPREAD)),
        },
      };
    case 'camera':
      return { ...usual, cameras: shapes.cameras.map((camera) => knocked(camera, () => rng.normal())) };
    default:
      return conditions satisfies never;
  }
}

function knocked(camera: CameraMount, normal: () => number): CameraMount {
  const { positionM, orientation } = camera.bodyFromCamera;
  const [x, y, z] = positionM.map((value) => value + CAMERA_SHIFT_STD_M * normal()) as [number, number, number]; // three of them
  const [a, b, c] = [normal(), normal(), normal()].map((value) => CAMERA_TURN_STD_RAD * value);
  const turned = new Quaternion(...orientation).multiply(new Quaternion().setFromEuler(new Euler(a, b, c)));
  return {
    ...camera,
    bodyFromCamera: { positionM: [x, y, z], orientation: [turned.x, turned.y, turned.z, turned.w] },
  };
}
