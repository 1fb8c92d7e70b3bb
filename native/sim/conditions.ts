/**
 * Another day's conditions, to measure how well a policy and its encoder generalise: other light, other colours, moved
 * cameras. Each episode draws its own from its seed. The encoder's training pictures vary more widely, but from frame to
 * frame and with other draws (`encoder-data/look.ts`).
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
/** Two millimetres and half a degree. */
const KNOCK = { shiftStdM: 0.002, turnStdRad: 0.0087 };

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
      return { ...usual, cameras: shapes.cameras.map((camera) => knockedCamera(camera, KNOCK, () => rng.normal())) };
    default:
      return conditions satisfies never;
  }
}

/** Returns the camera after a knock of the given standard deviations along and about each axis. */
export function knockedCamera(
  camera: CameraMount,
  { shiftStdM, turnStdRad }: { readonly shiftStdM: number; readonly turnStdRad: number },
  normal: () => number,
): CameraMount {
  const { positionM, orientation } = camera.bodyFromCamera;
  const shifted = (value: number) => value + shiftStdM * normal();
  const [x, y, z] = [shifted(positionM[0]), shifted(positionM[1]), shifted(positionM[2])] as const;
  const [a, b, c] = [normal(), normal(), normal()].map((value) => turnStdRad * value);
  const turned = new Quaternion(...orientation).multiply(new Quaternion().setFromEuler(new Euler(a, b, c)));
  return {
    ...camera,
    bodyFromCamera: { positionM: [x, y, z], orientation: [turned.x, turned.y, turned.z, turned.w] },
  };
}
