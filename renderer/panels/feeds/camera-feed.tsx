/**
 * One camera's picture. Its name, rate and age are shown beside it if there is space. A stale picture is grey, with the
 * reason. C shows exactly what the policy is given.
 */
import { type CSSProperties, type RefObject, useEffect, useRef } from 'react';
import { decodePicture } from '../../../main/api/index.ts';
import { live } from '../../engine/engine.ts';
import { usePainter } from '../../engine/use-painter.ts';
import { useWindow } from '../../state/window-store.ts';
import { copyRgb } from '../../ui/rgb.ts';
import { paintFreshness } from './paint-freshness.ts';

/** Space beside a picture, in design pixels, that its name and facts need. */
const CAPTION_PX = 64;

interface CameraFeedProps {
  readonly name: string;
  readonly stream: string;
  readonly camera: { readonly widthPx: number; readonly heightPx: number };
}

interface Painted {
  readonly stream: string;
  readonly count: number;
  readonly image: ImageData | undefined;
}
const NOTHING_PAINTED: Painted = { stream: '', count: -1, image: undefined };

/** Marks the figure when its caption has space beside the picture. */
function useCaptionPlace(box: RefObject<HTMLElement | null>, aspect: number): void {
  const scale = useWindow((state) => state.scale);
  useEffect(() => {
    const figure = box.current;
    if (!figure) return;
    const observer = new ResizeObserver(() => {
      const sparePx = figure.clientWidth - figure.clientHeight * aspect;
      figure.classList.toggle('beside', sparePx >= CAPTION_PX * scale);
    });
    observer.observe(figure);
    return () => observer.disconnect();
  }, [aspect, scale]);
}

/**
 * Paints a picture at its own size. Reuses the image's memory when it fits; returns `undefined` for an unreadable
 * picture.
 */
function paintPicture(
  canvas: HTMLCanvasElement,
  payload: Uint8Array,
  before: ImageData | undefined,
): ImageData | undefined {
  const { widthPx, heightPx, rgb } = decodePicture(payload);
  const pixels = widthPx * heightPx;
  if (widthPx === 0 || rgb.length < pixels * 3) return undefined;
  let image = before;
  if (!image || image.width !== widthPx || image.height !== heightPx) {
    canvas.width = widthPx;
    canvas.height = heightPx;
    image = new ImageData(widthPx, heightPx);
    image.data.fill(255);
  }
  copyRgb(rgb, image.data, pixels);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return image;
}

/** Paints the newest picture of the stream, unless it is painted already. Returns what is painted now. */
function paintNewest(canvas: HTMLCanvasElement, stream: string, replaying: boolean, before: Painted): Painted {
  const slot = live.get(stream);
  if (!slot) {
    if (!replaying || before.count < 0) return before;
    // The picture on the canvas belongs to another replay or to the live view.
    canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
    return { ...before, count: -1 };
  }
  if (before.count === slot.count && before.stream === stream) return before;
  const image = paintPicture(canvas, slot.message.payload, before.image);
  return image ? { stream, count: slot.count, image } : before;
}

export function CameraFeed({ name, stream, camera }: CameraFeedProps) {
  const box = useRef<HTMLElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const facts = useRef<HTMLSpanElement>(null);
  const reason = useRef<HTMLSpanElement>(null);
  const painted = useRef(NOTHING_PAINTED);
  const cropShown = useWindow((state) => state.cropShown);
  const replaying = stream !== name;
  const aspect = camera.widthPx / camera.heightPx;
  useCaptionPlace(box, aspect);
  usePainter(() => {
    if (!box.current || !canvas.current || !facts.current || !reason.current) return;
    const words = paintFreshness(box.current, reason.current, stream, replaying);
    facts.current.textContent = box.current.classList.contains('beside') ? words.replace(' · ', '\n') : words;
    painted.current = paintNewest(canvas.current, stream, replaying, painted.current);
  });
  return (
    <figure
      ref={box}
      className={`feed camera ${cropShown ? 'crop' : ''}`}
      data-testid={`feed-${name}`}
      style={{ '--aspect': aspect } as CSSProperties}
    >
      <canvas ref={canvas} role="img" aria-label={`${name} camera`} />
      <figcaption>
        <b>{name}</b>
        <span ref={facts} className="facts" />
        {cropShown ? (
          <span className="crop-label">
            policy input, {camera.widthPx} × {camera.heightPx}, whole picture
          </span>
        ) : null}
      </figcaption>
      <span ref={reason} className="feed-reason" />
    </figure>
  );
}
