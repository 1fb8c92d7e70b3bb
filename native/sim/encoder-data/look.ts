/**
 * How one training picture is taken: light, colours, camera poses and the sensor. Nearly half of the frames are taken as
 * the running cell takes them, so that the encoder is most exact there. The others vary each of the four by chance, at
 * least as widely as `conditions.ts`, so that the encoder depends on none of them.
 */
import type { Rng } from '../../../main/api/rng.ts';
import type { SceneShapes } from '../../../main/api/window/shapes.ts';
import { DEFAULT_LOOK, type RenderLook, variedLight } from '../camera/render-scene.ts';
import { knockedCamera, type View } from '../conditions.ts';
import { drawSensor, type Sensor } from './sensor.ts';

export interface TrainingView extends View {
  /** True when the picture is taken as the running cell takes it. */
  readonly usual: boolean;
  /** `undefined` for the ideal sensor of the cell. */
  readonly sensor: Sensor | undefined;
}

const USUAL_SHARE = 0.45;
const LIGHT_SPREAD = [0.7, 0.7, 0.25] as const;
const BRIGHTNESS_SPREAD = 0.5;
const COLOR_SPREAD = 0.45;
const CAMERA_SHIFT_STD_M = 0.0022;
const CAMERA_TURN_STD_RAD = 0.0095;
/** One camera in five was knocked harder, by this factor. */
const HARD_KNOCK = { share: 0.2, factor: 1.8 };
/** Chance of each variation in a frame that is not the usual one. */
const CHANCE = { light: 0.65, colour: 0.55, camera: 0.65, sensor: 0.6 };

/** These ranges in words, for the manifest. */
export const TRAINING_VIEW_WORDS =
  `${100 * USUAL_SHARE} % of the frames as the cell takes them; in the others, each by chance: ` +
  `light direction ±${LIGHT_SPREAD.join(', ')}, exposure and lamp ±${100 * BRIGHTNESS_SPREAD} %, ` +
  `each colour ±${100 * COLOR_SPREAD} %, cameras knocked by normal offsets of ${1000 * CAMERA_SHIFT_STD_M} mm and ` +
  `${CAMERA_TURN_STD_RAD} rad (one in five by ${HARD_KNOCK.factor} times as much), ` +
  'blur, noise and channel gains of the sensor';

export function drawTrainingView(shapes: SceneShapes, rng: Rng): TrainingView {
  const usual: TrainingView = { usual: true, look: DEFAULT_LOOK, cameras: shapes.cameras, sensor: undefined };
  if (rng.uniform() < USUAL_SHARE) return usual;
  const happens = (chance: number) => rng.uniform() < chance;
  const light: RenderLook = happens(CHANCE.light)
    ? variedLight(rng, LIGHT_SPREAD, BRIGHTNESS_SPREAD, BRIGHTNESS_SPREAD)
    : DEFAULT_LOOK;
  const gain = () => 1 + rng.range(-COLOR_SPREAD, COLOR_SPREAD);
  const colorGains = happens(CHANCE.colour)
    ? Float32Array.from({ length: 3 * shapes.materials.length }, gain)
    : undefined;
  const knocked = happens(CHANCE.camera);
  const cameras = shapes.cameras.map((camera) => {
    if (!knocked) return camera;
    const factor = happens(HARD_KNOCK.share) ? HARD_KNOCK.factor : 1;
    const size = { shiftStdM: factor * CAMERA_SHIFT_STD_M, turnStdRad: factor * CAMERA_TURN_STD_RAD };
    return knockedCamera(camera, size, () => rng.normal());
  });
  const sensor = happens(CHANCE.sensor) ? drawSensor(rng) : undefined;
  return { usual: false, look: { ...light, colorGains }, cameras, sensor };
}
