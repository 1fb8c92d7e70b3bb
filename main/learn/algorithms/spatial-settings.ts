/** The setting `spatial` of every algorithm: how its nets read an embedding that holds maps of a frozen trunk. */
import { z } from 'zod';
import type { MapShape } from '../../api/policy.ts';
import { settingsObject } from '../policies/settings-object.ts';

const count = z.int().positive();

/** The maps per camera, and the size of the embedding learned on top (`nets/spatial-embedding.ts`). */
export const spatialSchema = settingsObject({
  cameras: count,
  height: count,
  width: count,
  channels: count,
  features: count,
  bottleneck: count,
}).readonly();

/** HIL-SERL's spatial embedding for the maps of any trunk. */
export const settingsForMaps = (maps: MapShape) => ({ spatial: { ...maps, features: 8, bottleneck: 256 } });
