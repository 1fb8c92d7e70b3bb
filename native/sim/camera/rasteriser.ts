/**
 * Deterministic software rasteriser: z-buffer, Gouraud shading in linear light, one lamp with a shadow map, light from
 * sky and table, supersampling, a film-like tone curve. No GPU and no DOM; the same poses give the same bytes.
 * `setScene` poses the bodies and draws the shadow map once; `draw` makes one picture. Linear RGB in, 8-bit sRGB out.
 */
import type { CameraMount, SceneShapes } from '../../../main/api/window/shapes.ts';
import type { ScenePoses } from '../../device.ts';
import { develop } from './film.ts';
import { bodyMesh } from './meshes.ts';
import { drawBody, SPARE_VERTICES } from './near-plane.ts';
import { outOfView, placeBody, projectBody, viewOf } from './projection.ts';
import { DEFAULT_LOOK, type PlacedMesh, type RenderLook } from './render-scene.ts';
import { createShader } from './shading.ts';
import { createShadowMap } from './shadow-map.ts';
import { type ColorTarget, createVertexBuffer } from './triangle-fill.ts';

/** Makes pictures of `size`² pixels; `supersample` counts the samples per pixel along each axis. */
export function createRenderer(shapes: SceneShapes, size: number, supersample: number) {
  const placed = placeMeshes(shapes);
  const vertexCount = placed.reduce((sum, { mesh }) => sum + mesh.materials.length, 0);
  const vertices = createVertexBuffer(vertexCount + SPARE_VERTICES);
  const samples = size * supersample;
  const target: ColorTarget = {
    width: samples,
    nearness: new Float32Array(samples * samples),
    color: new Float32Array(samples * samples * 4),
  };
  const shadows = createShadowMap(placed, vertices);
  const shader = createShader(shapes);
  let look = DEFAULT_LOOK;
  let scenePoses: ScenePoses = new Float32Array(shapes.bodies.length * 7);

  /** Poses the scene and computes its shadows, for any number of `draw` calls. */
  const setScene = (poses: ScenePoses, newLook: RenderLook = DEFAULT_LOOK): void => {
    scenePoses = poses;
    look = newLook;
    for (const body of placed) placeBody(body, poses);
    shader.setLook(look);
    shadows.draw(look.lightDirection);
  };

  /** Returns `size`² RGB bytes, row by row, in a new array. */
  const draw = (camera: CameraMount): Uint8Array => {
    const view = viewOf(shapes, camera, scenePoses, samples);
    const e = view.elements;
    target.nearness.fill(0);
    // Gripper first, table last: a surface that is hidden later costs only its depth test.
    for (let index = placed.length - 1; index >= 0; index--) {
      const body = placed[index]!;
      if (!body.visible || outOfView(body, view)) continue;
      projectBody(body, view, vertices);
      shader.shade(body, e[12]!, e[13]!, e[14]!, vertices);
      drawBody(target, vertices, body, view);
    }
    shadows.prepareLookup(view);
    return develop(target, size, supersample, look, shadows);
  };

  return {
    setScene,
    draw,
    triangles: placed.reduce((sum, { mesh }) => sum + mesh.indices.length / 3, 0),
  };
}

/** Makes a mesh of every body and gives it a range of the vertex buffer, one after another. */
function placeMeshes(shapes: SceneShapes): PlacedMesh[] {
  let firstVertex = 0;
  return shapes.bodies.map((body, bodyIndex) => {
    const mesh = bodyMesh(body, shapes);
    const placed = { mesh, bodyIndex, firstVertex, pose: new Float64Array(12), visible: true };
    firstVertex += mesh.materials.length;
    return placed;
  });
}
