/** Video as readers of LeRobot datasets need it: exact constant rate, a key frame every second frame, the right pictures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { i420FromRgb, inspectVideo, writeVideo } from '../../data/export/video.ts';
import { createRng } from '../../main/api/rng.ts';
import { decodeLuma } from './decode-luma.ts';
import { inFolder, picture } from './fixture.ts';

test('colours become limited-range BT.709', () => {
  const paint = (...colour: number[]) => ({
    camera: 'c',
    widthPx: 2,
    heightPx: 2,
    rgb: Uint8Array.from({ length: 12 }, (_, index) => colour[index % 3] ?? 0),
  });
  assert.deepEqual([...i420FromRgb(paint(255, 255, 255))], [235, 235, 235, 235, 128, 128]);
  assert.deepEqual([...i420FromRgb(paint(0, 0, 0))], [16, 16, 16, 16, 128, 128]);
  assert.deepEqual([...i420FromRgb(paint(255, 0, 0))], [63, 63, 63, 63, 102, 240]);
});

test('frame k is at k/fps, every second one is a key frame, and the pictures are those that went in', () =>
  inFolder(async (folder) => {
    const rng = createRng(1);
    // Smooth pictures that differ from each other, as a camera's do.
    const frames = Array.from({ length: 31 }, () => ({ ...picture(rng, 'wrist', 64) }));
    const file = `${folder}/episode.mp4`;
    const bytes = await writeVideo(file, frames, 10);
    assert.ok(bytes > 1000);
    const facts = await inspectVideo(file);
    assert.deepEqual([facts.widthPx, facts.heightPx], [64, 64]);
    assert.equal(facts.timesSec.length, 31);
    for (const [index, time] of facts.timesSec.entries())
      assert.ok(Math.abs(time - index / 10) < 1e-9, `frame ${index} at ${time}`);
    assert.ok(
      facts.keyFrames.every((key, index) => key || index % 2 === 1),
      'the encoder may add some where the scene changes',
    );
    assert.ok(Math.abs(facts.durationSec - 3.1) < 1e-9);
    const decoded = await decodeLuma(file);
    assert.equal(decoded.length, 31);
    const error = (left: Uint8Array, right: Uint8Array) =>
      left.reduce((sum, value, index) => sum + Math.abs(value - (right[index] ?? 0)), 0) / left.length;
    decoded.forEach((plane, index) => {
      const own = error(plane, i420FromRgb(frames[index]!));
      const other = error(plane, i420FromRgb(frames[(index + 1) % frames.length]!));
      assert.ok(own < 12 && own < other / 2, `frame ${index}: error ${own}, to the next picture ${other}`);
    });
  }));
