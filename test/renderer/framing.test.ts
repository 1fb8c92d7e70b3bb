/** The free view's first picture: the workspace reaches the asked share of it, whatever its shape. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PerspectiveCamera, Vector3 } from 'three';
import { cornersOf, distanceToFrame } from '../../renderer/scene/framing.ts';

const limits = { workspaceLowM: [0.4, -0.12, 0.012], workspaceHighM: [0.64, 0.2, 0.24] } as const;

test('the outermost corner of the workspace stands at the share, all others within', () => {
  const corners = cornersOf(limits);
  const middle = corners[0]!.clone().add(corners[7]!).multiplyScalar(0.5);
  const towardsEye = new Vector3(1, -1.34, 0.72).normalize();
  for (const aspect of [0.6, 1, 1.4, 2.4])
    for (const share of [0.5, 0.72, 1]) {
      const camera = new PerspectiveCamera(33, aspect, 0.02, 20);
      const lens = { verticalFovRad: (33 * Math.PI) / 180, aspect };
      camera.up.set(0, 0, 1);
      camera.position
        .copy(towardsEye)
        .multiplyScalar(distanceToFrame(corners, middle, towardsEye, lens, share))
        .add(middle);
      camera.lookAt(middle);
      camera.updateMatrixWorld();
      const reach = Math.max(
        ...corners.map((corner) => {
          const seen = corner.clone().project(camera);
          return Math.max(Math.abs(seen.x), Math.abs(seen.y));
        }),
      );
      assert.ok(Math.abs(reach - share) < 1e-6, `aspect ${aspect}: ${reach} of ${share}`);
    }
});
