/** The path of the tool: a ribbon of constant width on the screen, coloured by who drove, fading with age. */
import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DoubleSide,
  DynamicDrawUsage,
  Matrix4,
  Mesh,
  ShaderMaterial,
  Vector2,
  Vector3,
} from 'three';
import type { Tone } from '../state/driver.ts';
import { colorOf } from '../ui/tokens.ts';
import { matrixOf } from './build-geometry.ts';
import type { SceneExtension, SceneFrame, SceneWorld } from './scene-extension.ts';

const POINTS = 400;
const KEEP_MS = 14_000;
const STEP_M = 0.002;
/** Number of values per vertex of each attribute. */
const SIZES = { position: 3, previous: 3, next: 3, tint: 4, side: 1 } as const;

const colorFor = (tone: Tone) => new Color(colorOf(tone === 'policy' || tone === 'human' ? tone : 'hold'));

const vertexShader = `
  attribute vec3 previous; attribute vec3 next; attribute float side; attribute vec4 tint;
  uniform vec2 viewportPx; uniform float widthPx;
  varying vec4 vTint; varying float vSide;
  void main() {
    vTint = tint; vSide = side;
    mat4 clipFromWorld = projectionMatrix * modelViewMatrix;
    vec4 here = clipFromWorld * vec4(position, 1.0);
    vec4 before = clipFromWorld * vec4(previous, 1.0);
    vec4 after = clipFromWorld * vec4(next, 1.0);
    vec2 along = (after.xy / after.w - before.xy / before.w) * viewportPx;
    float size = length(along);
    vec2 across = size > 1e-4 ? vec2(-along.y, along.x) / size : vec2(0.0);
    here.xy += across * side * widthPx / viewportPx * here.w;
    gl_Position = here;
  }`;
const fragmentShader = `
  varying vec4 vTint; varying float vSide;
  void main() {
    float edge = 1.0 - smoothstep(0.55, 1.0, abs(vSide));
    gl_FragColor = vec4(vTint.rgb, vTint.a * edge);
    #include <colorspace_fragment>
  }`;

interface TrailPoint {
  readonly at: Vector3;
  readonly color: Color;
  readonly timeMs: number;
}

export class Trail implements SceneExtension {
  private readonly points: TrailPoint[] = [];
  private readonly geometry = new BufferGeometry();
  private readonly mesh: Mesh;
  private readonly material: ShaderMaterial;
  private readonly bodyFromTool: Matrix4;
  private readonly baseFromTool = new Matrix4();
  private readonly world: SceneWorld;
  private wasReplaying = false;
  private posesCount = -1;

  constructor(world: SceneWorld) {
    this.world = world;
    this.bodyFromTool = matrixOf(world.shapes.tool.bodyFromTool);
    for (const [name, size] of Object.entries(SIZES)) {
      const attribute = new BufferAttribute(new Float32Array(2 * POINTS * size), size);
      attribute.setUsage(DynamicDrawUsage);
      this.geometry.setAttribute(name, attribute);
    }
    const index: number[] = [];
    for (let point = 0; point + 1 < POINTS; point++) {
      const a = 2 * point;
      index.push(a, a + 1, a + 2, a + 1, a + 3, a + 2);
    }
    this.geometry.setIndex(index);
    this.material = new ShaderMaterial({
      vertexShader,
      fragmentShader,
      transparent: true,
      side: DoubleSide,
      depthWrite: false,
      // The trail is drawn over the arm, because the hand that made it would hide it.
      depthTest: false,
      uniforms: { viewportPx: { value: new Vector2(1, 1) }, widthPx: { value: 5 } },
    });
    this.mesh = new Mesh(this.geometry, this.material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 4;
    world.scene.add(this.mesh);
  }

  setViewport(widthPx: number, heightPx: number, pixelRatio: number): void {
    this.material.uniforms['viewportPx']?.value.set(widthPx, heightPx);
    const width = this.material.uniforms['widthPx'];
    if (width) width.value = 4.5 * pixelRatio;
  }

  update(frame: SceneFrame): void {
    if (frame.replaying !== this.wasReplaying) this.points.length = 0;
    this.wasReplaying = frame.replaying;
    if (frame.poses && frame.posesCount !== this.posesCount) {
      this.posesCount = frame.posesCount;
      this.baseFromTool.multiplyMatrices(this.world.baseFromBody(this.world.shapes.tool.body), this.bodyFromTool);
      const at = new Vector3().setFromMatrixPosition(this.baseFromTool);
      const last = this.points[this.points.length - 1];
      // A jump is a reset of the simulation or a move of the replay's cursor, not a motion.
      if (last && last.at.distanceTo(at) > 0.08) this.points.length = 0;
      if (!last || last.at.distanceTo(at) > STEP_M)
        this.points.push({ at, color: colorFor(frame.tone), timeMs: frame.nowMs });
    }
    while (this.points.length > POINTS || (this.points[0] && frame.nowMs - this.points[0].timeMs > KEEP_MS))
      this.points.shift();
    this.write(frame.nowMs);
  }

  private write(nowMs: number): void {
    const count = this.points.length;
    this.mesh.visible = count > 1;
    if (count < 2) return;
    const attribute = (name: keyof typeof SIZES) => this.geometry.getAttribute(name) as BufferAttribute;
    const [position, previous, next] = [attribute('position'), attribute('previous'), attribute('next')];
    const [tint, side] = [attribute('tint'), attribute('side')];
    for (let index = 0; index < count; index++) {
      const point = this.points[index]!;
      const before = this.points[Math.max(0, index - 1)]!;
      const after = this.points[Math.min(count - 1, index + 1)]!;
      const fade = Math.max(0, 1 - (nowMs - point.timeMs) / KEEP_MS);
      for (let edge = 0; edge < 2; edge++) {
        const vertex = 2 * index + edge;
        point.at.toArray(position.array, 3 * vertex);
        before.at.toArray(previous.array, 3 * vertex);
        after.at.toArray(next.array, 3 * vertex);
        point.color.toArray(tint.array, 4 * vertex);
        tint.array[4 * vertex + 3] = 0.9 * fade ** 1.3;
        side.array[vertex] = edge === 0 ? -1 : 1;
      }
    }
    for (const changed of [position, previous, next, tint, side]) changed.needsUpdate = true;
    this.geometry.setDrawRange(0, 6 * (count - 1));
  }

  dispose(): void {
    this.mesh.removeFromParent();
    this.geometry.dispose();
    this.material.dispose();
  }
}
