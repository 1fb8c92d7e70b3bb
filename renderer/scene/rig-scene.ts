/**
 * The 3-D scene on one canvas: renderer, camera and extensions. It draws on request, and no faster than its quality
 * allows. It does not depend on React or the link: each drawing gets a `SceneFrame`.
 */
import {
  Color,
  Matrix4,
  NeutralToneMapping,
  PCFShadowMap,
  PerspectiveCamera,
  Raycaster,
  Scene,
  Vector2,
  Vector3,
  WebGLRenderer,
} from 'three';
import { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js';
import { type Rig, type SceneShapes, systemClock } from '../../main/api/index.ts';
import type { SceneView } from '../state/scene-views.ts';
import { colorOf } from '../ui/tokens.ts';
import { matrixOf } from './build-geometry.ts';
import { Frustums } from './frustums.ts';
import { Ghost } from './ghost.ts';
import { firstLevel, nextLevel, QUALITIES, type Quality, type QualityLevel } from './quality.ts';
import { RigBodies } from './rig-bodies.ts';
import type { SceneExtension, SceneFrame, SceneWorld } from './scene-extension.ts';
import { Surroundings } from './surroundings.ts';
import { TactileRelief } from './tactile-relief.ts';
import { Trail } from './trail.ts';
import { Views } from './views.ts';

const LOOK_EVERY_MS = 15;
const LONGEST_FRAME_MS = 2000;

interface RigSceneOptions {
  readonly canvas: HTMLCanvasElement;
  readonly rig: Rig;
  readonly shapes: SceneShapes;
  /** Fixes the quality; otherwise it follows the machine. */
  readonly level?: QualityLevel | undefined;
  readonly onMoved: () => void;
  readonly onQuality: (quality: Quality) => void;
  /** Called with every picture; see `Views.headingRad`. */
  readonly onHeading: (headingRad: number) => void;
}

/**
 * Returns the name of the WebGL renderer. It takes a canvas of its own, because antialiasing is fixed with the context.
 */
function rendererName(): string {
  const gl = document.createElement('canvas').getContext('webgl2');
  if (!gl) throw new Error('WebGL 2 is not available');
  const facts = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(facts ? facts.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return name;
}

export class RigScene {
  quality: Quality;
  private readonly options: RigSceneOptions;
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(36, 1, 0.02, 20);
  private readonly controls: OrbitControls;
  private readonly surroundings: Surroundings;
  private readonly bodies: RigBodies;
  private readonly frustums: Frustums;
  private readonly trail: Trail;
  private readonly extensions: readonly SceneExtension[];
  private readonly views: Views;
  private readonly bodyFromTool: Matrix4;
  private readonly baseFromTool = new Matrix4();
  private cancelLook = () => {};
  private drawnMs = 0;
  private restMs = 0;
  private meanFrameMs = 0;
  private frames = 0;

  constructor(options: RigSceneOptions) {
    this.options = options;
    const { canvas, rig, shapes } = options;
    this.quality = QUALITIES[options.level ?? firstLevel(rendererName())];
    const low = this.quality.level === 'low';
    this.renderer = new WebGLRenderer({ canvas, antialias: !low, powerPreference: 'high-performance' });
    this.renderer.toneMapping = NeutralToneMapping;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.scene.background = new Color(colorOf('background'));
    this.camera.up.set(0, 0, 1);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enableDamping = false;
    this.controls.minDistance = 0.12;
    this.controls.maxDistance = 4;
    this.controls.maxPolarAngle = Math.PI * 0.52;
    this.controls.addEventListener('change', options.onMoved);
    this.views = new Views(this.camera, this.controls, rig.limits);
    this.bodyFromTool = matrixOf(shapes.tool.bodyFromTool);
    this.surroundings = new Surroundings(this.scene, this.quality);
    this.surroundings.setWorkspace(rig.limits);
    this.bodies = new RigBodies(this.scene, shapes, {
      lathe: this.quality.latheSegments,
      edge: low ? 2 : 4,
      simpleShading: low,
    });
    const world: SceneWorld = { scene: this.scene, shapes, rig, baseFromBody: this.bodies.baseFromBody };
    this.frustums = new Frustums(world);
    this.trail = new Trail(world);
    this.extensions = [this.bodies, new Ghost(world), this.trail, this.frustums, new TactileRelief(world)];
    this.applyQuality();
  }

  private applyQuality(): void {
    this.renderer.shadowMap.enabled = this.quality.shadows;
    this.surroundings.setQuality(this.quality);
    this.options.onQuality(this.quality);
  }

  setLimits(rig: Rig): void {
    this.surroundings.setWorkspace(rig.limits);
    this.views.setLimits(rig.limits);
  }

  show(view: SceneView): void {
    this.views.show(view, this.options.shapes.cameras);
    this.frustums.hidden = this.views.looksThrough;
  }

  /** Centres tool and task in the free view again. */
  frame(): void {
    this.views.frame();
  }

  /** Returns the camera whose picture lies under a point, in −1 … 1 across the canvas. */
  cameraAt(x: number, y: number): string | undefined {
    const ray = new Raycaster();
    ray.setFromCamera(new Vector2(x, y), this.camera);
    const hit = ray.intersectObjects([...this.frustums.targets], false)[0];
    const name: unknown = hit?.object.userData['camera'];
    return typeof name === 'string' ? name : undefined;
  }

  private toolM(): Vector3 {
    this.baseFromTool.multiplyMatrices(this.bodies.baseFromBody(this.options.shapes.tool.body), this.bodyFromTool);
    return new Vector3().setFromMatrixPosition(this.baseFromTool);
  }

  private fit(): void {
    const { canvas } = this.options;
    const ratio = Math.min(this.quality.maxPixelRatio, window.devicePixelRatio || 1);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const size = this.renderer.getSize(new Vector2());
    if (width === 0 || height === 0) return;
    if (size.x === width && size.y === height && this.renderer.getPixelRatio() === ratio) return;
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.views.setAspect();
    this.trail.setViewport(width * ratio, height * ratio, ratio);
  }

  /** Draws, and returns `undefined`. When the last drawing was too recent, returns the milliseconds to wait instead. */
  draw(frame: Omit<SceneFrame, 'camera'>): number | undefined {
    const waitMs = this.drawnMs + Math.max(1000 / this.quality.maxFps, this.restMs) - 3 - frame.nowMs;
    if (waitMs > 0) return Math.min(waitMs, LONGEST_FRAME_MS);
    const sinceMs = frame.nowMs - this.drawnMs;
    this.drawnMs = frame.nowMs;
    this.fit();
    this.views.follow(this.bodies.baseFromBody);
    this.camera.updateMatrixWorld();
    for (const extension of this.extensions) extension.update({ ...frame, camera: this.camera });
    this.views.follow(this.bodies.baseFromBody);
    this.views.followTool(frame.follow && frame.poses ? this.toolM() : undefined);
    this.options.onHeading(this.views.headingRad());
    this.renderer.render(this.scene, this.camera);
    if (this.quality.level === 'low') this.rest();
    this.measure(sinceMs);
    return undefined;
  }

  /**
   * Limits software rendering to a third of the time, because the control loop needs the processor too. A fence tells
   * when the picture is finished, because waiting for it would block the page and let messages pile up.
   */
  private rest(): void {
    const gl = this.renderer.getContext();
    if (!(gl instanceof WebGL2RenderingContext)) return;
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (!fence) return;
    gl.flush();
    const startedMs = systemClock.nowMs();
    this.restMs = Number.POSITIVE_INFINITY;
    const look = () => {
      const tookMs = systemClock.nowMs() - startedMs;
      const unfinished = gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED;
      if (unfinished && tookMs < LONGEST_FRAME_MS) {
        this.cancelLook = systemClock.at(systemClock.nowMs() + LOOK_EVERY_MS, look);
        return;
      }
      gl.deleteSync(fence);
      this.restMs = Math.min(LONGEST_FRAME_MS, 3 * tookMs);
      this.options.onMoved();
    };
    this.cancelLook = systemClock.at(startedMs + LOOK_EVERY_MS, look);
  }

  /**
   * Steps the quality down on a slow machine. Frames more than 200 ms apart were not requested sooner and do not count.
   */
  private measure(sinceMs: number): void {
    if (this.options.level || sinceMs > 200) return;
    this.meanFrameMs += 0.05 * (sinceMs - this.meanFrameMs);
    this.frames++;
    // The streams pace the drawing, so only frames slower than the streams show that the machine is slow.
    if (this.frames < 90 || this.meanFrameMs < 1500 / this.quality.streamHz) return;
    const level = nextLevel(this.quality.level, this.meanFrameMs);
    this.frames = 0;
    if (level === this.quality.level) return;
    this.quality = QUALITIES[level];
    this.applyQuality();
  }

  dispose(): void {
    this.cancelLook();
    for (const extension of this.extensions) extension.dispose();
    this.surroundings.dispose();
    this.controls.dispose();
    this.renderer.dispose();
  }
}
