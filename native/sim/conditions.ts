/**
 * Conditions that an encoder was not trained on, to measure how well it generalises: other light, other colours, moved
 * cameras. Each episode draws its own from its seed. The spreads are wider than those of the encoder's training
 * pictures (`encoder-data/look.ts`), in which the cameras never moved.
 */
import { Euler, Quaternion } from 'three';
import { createRng } from '../../main/api/rng.ts';
import type { CameraMount, SceneShapes } from '../../main/api/window/shapes.ts';
import { DEFAULT_LOOK, type RenderLook, variedLight } from './camera/render-scene.ts';

export const CONDITIONS = ['usual', 'light', 'colour', 'camera'] as const;
export type Conditions = (typeof CONDITIONS)[number];

export interface View {
  readonly look: RenderLook;
  readonly cameras: readonly CameraMount[];
}

const LIGHT_SPREAD = [0.6, 0.6, 0.2] as const;
/** Exposure and lamp are multiplied by factors between 1 − spread and 1 + spread. */
const BRIGHTNESS_SPREAD = 0.4;
const COLOR_SPREAD = 0.4;
const CAMERA_SHIFT_STD_M = 0.002;
/** Half a degree. */
const CAMERA_TURN_STD_RAD = 0.0087;

export function viewUnder(conditions: Conditions, shapes: SceneShapes, seed: number): View {
  const usual: View = { look: DEFAULT_LOOK, cameras: shapes.cameras };
  const rng = createRng(seed).split('conditions');
  switch (conditions) {
    case 'usual':
      return usual;
    case 'light':
      return { ...usual, look: variedLight(rng, LIGHT_SPREAD, BRIGHTNESS_SPREAD, BRIGHTNESS_SPREAD) };
    case 'colour': {
      const gain = () => 1 + rng.range(-COLOR_SPREAD, COLOR_SPREAD);
      const colorGains = Float32Array.from({ length: 3 * shapes.materials.length }, gain);
      return { ...usual, look: { ...DEFAULT_LOOK, colorGains } };
    }
    case 'camera':
      return { ...usual, cameras: shapes.cameras.map((camera) => knocked(camera, () => rng.normal())) };
    default:
      return conditions satisfies never;
  }
}

function knocked(camera: CameraMount, normal: () => number): CameraMount {
  const { positionM, orientation } = camera.bodyFromCamera;
  const shifted = (value: number) => value + CAMERA_SHIFT_STD_M * normal();
  const [x, y, z] = [shifted(positionM[0]), shifted(positionM[1]), shifted(positionM[2])] as const;
  const [a, b, c] = [normal(), normal(), normal()].map((value) => CAMERA_TURN_STD_RAD * value);
  const turned = new Quaternion(...orientation).multiply(new Quaternion().setFromEuler(new Euler(a, b, c)));
  return {
    ...camera,
    bodyFromCamera: { positionM: [x, y, z], orientation: [turned.x, turned.y, turned.z, turned.w] },
  };
}
