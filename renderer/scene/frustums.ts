/** Each mounted camera: its frustum as lines and, in the far plane, its newest picture. */
import {
  DataTexture,
  DoubleSide,
  Group,
  LinearFilter,
  LineBasicMaterial,
  LineSegments,
  type Matrix4,
  Mesh,
  MeshBasicMaterial,
  type Object3D,
  PlaneGeometry,
  SRGBColorSpace,
} from 'three';
import { type CameraMount, decodePicture } from '../../main/api/index.ts';
import { copyRgb } from '../ui/rgb.ts';
import { matrixOf } from './build-geometry.ts';
import { lineGeometry, lineLook } from './lines.ts';
import type { SceneExtension, SceneFrame, SceneWorld } from './scene-extension.ts';

/** Length of a fixed camera's frustum, and of one on the arm, which must not hide the tool. */
const FIXED_DEPTH_M = 0.09;
const CARRIED_DEPTH_M = 0.05;

interface Frustum {
  readonly mount: CameraMount;
  readonly bodyFromCamera: Matrix4;
  readonly group: Group;
  readonly picture: Mesh<PlaneGeometry, MeshBasicMaterial>;
  texture: DataTexture | undefined;
  painted: number;
}

export class Frustums implements SceneExtension {
  private readonly frustums: readonly Frustum[];
  private readonly world: SceneWorld;
  private readonly lines = new LineBasicMaterial(lineLook('muted', 0.8));
  /** Name of the camera that the view looks through. Its frustum is not drawn. */
  hidden: string | undefined;

  constructor(world: SceneWorld) {
    this.world = world;
    this.frustums = world.shapes.cameras.map((mount) => this.build(mount));
  }

  private build(mount: CameraMount): Frustum {
    const camera = this.world.rig.cameras.find((one) => one.name === mount.name);
    const aspect = camera ? camera.widthPx / camera.heightPx : 1;
    const depthM =
      mount.body === this.world.shapes.bodies[0]?.name || mount.body === 'world' ? FIXED_DEPTH_M : CARRIED_DEPTH_M;
    const halfHeight = depthM * Math.tan(mount.verticalFovRad / 2);
    const halfWidth = halfHeight * aspect;
    const corners = [
      [-halfWidth, -halfHeight],
      [halfWidth, -halfHeight],
      [halfWidth, halfHeight],
      [-halfWidth, halfHeight],
    ] as const;
    const points: number[] = [];
    corners.forEach(([x, y], index) => {
      const [nextX, nextY] = corners[(index + 1) % 4]!;
      points.push(0, 0, 0, x, y, -depthM, x, y, -depthM, nextX, nextY, -depthM);
    });
    const plane = new PlaneGeometry(2 * halfWidth, 2 * halfHeight).translate(0, 0, -depthM);
    // The rows of a picture start at the top, those of a texture at the bottom.
    const uv = plane.getAttribute('uv');
    for (let index = 0; index < uv.count; index++) uv.setY(index, 1 - uv.getY(index));
    const picture = new Mesh(plane, new MeshBasicMaterial({ side: DoubleSide, toneMapped: false, color: 0x2a313b }));
    picture.userData['camera'] = mount.name;
    const group = new Group();
    group.matrixAutoUpdate = false;
    group.add(new LineSegments(lineGeometry(points), this.lines), picture);
    this.world.scene.add(group);
    return { mount, bodyFromCamera: matrixOf(mount.bodyFromCamera), group, picture, texture: undefined, painted: -1 };
  }

  /** The pictures in the scene. A double click on one looks through its camera. */
  get targets(): readonly Object3D[] {
    return this.frustums.filter((one) => one.group.visible).map((one) => one.picture);
  }

  update(frame: SceneFrame): void {
    for (const one of this.frustums) {
      // A camera's pose is unknown before the first poses arrive.
      one.group.visible = one.mount.name !== this.hidden && frame.poses !== undefined;
      one.group.matrix.multiplyMatrices(this.world.baseFromBody(one.mount.body), one.bodyFromCamera);
      one.group.matrixWorldNeedsUpdate = true;
      const slot = frame.stream(one.mount.name);
      // A replay without a picture yet must not show another episode's.
      one.picture.visible = slot !== undefined || one.painted < 0;
      if (!slot || slot.count === one.painted) continue;
      one.painted = slot.count;
      this.paint(one, slot.message.payload);
    }
  }

  private paint(one: Frustum, payload: Uint8Array): void {
    const { widthPx, heightPx, rgb } = decodePicture(payload);
    const pixels = widthPx * heightPx;
    if (pixels === 0 || rgb.length < 3 * pixels) return;
    let texture = one.texture;
    if (!texture || texture.image.width !== widthPx || texture.image.height !== heightPx) {
      texture?.dispose();
      texture = new DataTexture(new Uint8Array(4 * pixels).fill(255), widthPx, heightPx);
      texture.colorSpace = SRGBColorSpace;
      texture.magFilter = LinearFilter;
      texture.minFilter = LinearFilter;
      one.texture = texture;
      one.picture.material.map = texture;
      one.picture.material.color.set(0xffffff);
      one.picture.material.needsUpdate = true;
    }
    const data = texture.image.data;
    if (!data) return;
    copyRgb(rgb, data, pixels);
    texture.needsUpdate = true;
  }

  dispose(): void {
    for (const one of this.frustums) {
      one.group.removeFromParent();
      one.texture?.dispose();
      one.picture.geometry.dispose();
      one.picture.material.dispose();
    }
    this.lines.dispose();
  }
}
