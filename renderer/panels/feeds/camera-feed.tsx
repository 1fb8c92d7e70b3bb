/**
 * One camera's picture. Its name, rate and age are shown beside it if there is space. A stale picture is grey, with the
 * reason. C shows exactly what the policy is given.
 */
import { type CSSProperties, useEffect, useRef } from 'react';
import { decodePicture } from '../../../main/api/index.ts';
import { live, nowMs } from '../../engine/engine.ts';
import { useEngine } from '../../state/engine-store.ts';
import { useWindow } from '../../state/window-store.ts';
import { usePainter } from '../../ui/use-painter.ts';
import { freshnessOf, pace } from '../../words/freshness.ts';

const STALE_MS = 600;
/** Space beside a picture, in design pixels, that its name and facts need. */
const CAPTION_PX = 64;

export interface CameraFeedProps {
  readonly name: string;
  readonly stream: string;
  readonly camera: { readonly widthPx: number; readonly heightPx: number };
}

export function CameraFeed({ name, stream, camera }: CameraFeedProps) {
  const box = useRef<HTMLElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const facts = useRef<HTMLSpanElement>(null);
  const reason = useRef<HTMLSpanElement>(null);
  const painted = useRef<{ stream: string; count: number; image: ImageData | undefined }>({
    stream: '',
    count: -1,
    image: undefined,
  });
  const cropShown = useWindow((state) => state.cropShown);
  const replaying = stream !== name;
  const aspect = camera.widthPx / camera.heightPx;
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

  usePainter(() => {
    if (!box.current || !canvas.current || !facts.current || !reason.current) return;
    const slot = live.get(stream);
    const linked = useEngine.getState().link.state === 'open';
    const fresh = replaying && slot ? { stale: false, says: '' } : freshnessOf(linked, slot, nowMs(), STALE_MS);
    box.current.classList.toggle('stale', fresh.stale);
    if (reason.current.textContent !== fresh.says) reason.current.textContent = fresh.says;
    const words = replaying ? 'recorded' : pace(slot, nowMs());
    facts.current.textContent = box.current.classList.contains('beside') ? words.replace(' · ', '\n') : words;
    if (replaying && !slot && painted.current.count >= 0) {
      // What was shown is of another replay, or live.
      canvas.current.getContext('2d')?.clearRect(0, 0, canvas.current.width, canvas.current.height);
      painted.current = { ...painted.current, count: -1 };
    }
    if (!slot || (painted.current.count === slot.count && painted.current.stream === stream)) return;
    const picture = decodePicture(slot.message.payload);
    if (picture.widthPx === 0 || picture.rgb.length < picture.widthPx * picture.heightPx * 3) return;
    let image = painted.current.image;
    if (!image || image.width !== picture.widthPx || image.height !== picture.heightPx) {
      canvas.current.width = picture.widthPx;
      canvas.current.height = picture.heightPx;
      image = new ImageData(picture.widthPx, picture.heightPx);
      image.data.fill(255);
    }
    const pixels = picture.widthPx * picture.heightPx;
    for (let index = 0; index < pixels; index++) {
      image.data[4 * index] = picture.rgb[3 * index]!;
      image.data[4 * index + 1] = picture.rgb[3 * index + 1]!;
      image.data[4 * index + 2] = picture.rgb[3 * index + 2]!;
    }
    canvas.current.getContext('2d')?.putImageData(image, 0, 0);
    painted.current = { stream, count: slot.count, image };
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
