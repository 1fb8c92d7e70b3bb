/**
 * Light, exposure and colours of one group of training pictures. More than half of the groups have the look of the
 * running cell, so that the encoder is most exact there. The rest vary around it, so that it does not depend on exact
 * colours.
 */
import type { Rng } from '../../../main/api/rng.ts';
import type { SceneShapes } from '../../../main/api/window/shapes.ts';
import { DEFAULT_LOOK, type RenderLook, variedLight } from '../camera/render-scene.ts';

const DEFAULT_LOOK_SHARE = 0.6;
const LIGHT_SPREAD = [0.22, 0.22, 0.1] as const;
const EXPOSURE_SPREAD = 0.15;
const LAMP_SPREAD = 0.2;
const COLOR_SPREAD = 0.05;
/** Materials of the task, whose colours vary more than the gripper's. */
const TASK_COLOR_SPREAD = 0.18;
const TASK_MATERIALS: readonly string[] = ['peg', 'socket', 'socketFloor', 'plate', 'table'];

export function randomLook(shapes: SceneShapes, rng: Rng): RenderLook {
  if (rng.uniform() < DEFAULT_LOOK_SHARE) return DEFAULT_LOOK;
  const around = (spread: number) => 1 + rng.range(-spread, spread);
  const gains = shapes.materials.flatMap(({ name }) => {
    const spread = TASK_MATERIALS.includes(name) ? TASK_COLOR_SPREAD : COLOR_SPREAD;
    return [around(spread), around(spread), around(spread)];
  });
  return { ...variedLight(rng, LIGHT_SPREAD, EXPOSURE_SPREAD, LAMP_SPREAD), colorGains: Float32Array.from(gains) };
}
