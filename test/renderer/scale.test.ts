/** How large the window draws: from its size and the person's zoom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNarrow, nextZoom, scaleFor, ZOOM, zoomFrom, zoomInForce } from '../../renderer/state/scale.ts';

const size = (widthPx: number, heightPx: number) => ({ widthPx, heightPx });
const rounded = (value: number) => Math.round(value * 100) / 100;

test('the factor is 1 up to 1440 × 900, and grows less than a larger window does', () => {
  for (const small of [size(1024, 700), size(1440, 900), size(3840, 900)]) assert.equal(scaleFor(small, 1), 1);
  assert.deepEqual(
    [size(1920, 1080), size(2560, 1440), size(3840, 2160)].map((one) => rounded(scaleFor(one, 1))),
    [1.13, 1.4, 1.92],
  );
});

test('however large the zoom, the window keeps 1024 × 700 design pixels', () => {
  for (let widthPx = 1024; widthPx <= 4000; widthPx += 97)
    for (let heightPx = 700; heightPx <= 2400; heightPx += 83) {
      const scale = scaleFor(size(widthPx, heightPx), ZOOM.high);
      assert.ok(widthPx / scale >= 1024 - 1e-6 && heightPx / scale >= 700 - 1e-6, `${widthPx} × ${heightPx}: ${scale}`);
    }
});

test('zoom goes in steps from what is in force, and says where there is no room', () => {
  const desk = size(1440, 900);
  assert.equal(nextZoom(desk, 1, 1), 1.1);
  assert.equal(nextZoom(desk, 1.2, 1), 1.3);
  assert.equal(rounded(zoomInForce(desk, 2)), 1.29);
  assert.equal(nextZoom(desk, 2, 1), undefined, 'no room');
  assert.equal(nextZoom(desk, 2, -1), 1.2, 'from what is seen, not from what was once asked for');
  assert.equal(nextZoom(desk, ZOOM.low, -1), undefined);
  assert.equal(nextZoom(size(1024, 700), 1, 1), undefined);
  assert.equal(nextZoom(size(1024, 700), 1, -1), 0.9);
});

test('a remembered zoom that is no number, or out of range, is 1', () => {
  assert.equal(zoomFrom('1.3'), 1.3);
  for (const text of [null, '', 'large', 'NaN', '0', '0.1', '7', 'Infinity'])
    assert.equal(zoomFrom(text), 1, String(text));
});

test('a window is narrow for its letters, not for its pixels', () => {
  assert.equal(isNarrow(size(1279, 800), 1), true);
  assert.equal(isNarrow(size(1440, 900), 1), false);
  assert.equal(isNarrow(size(1440, 900), 1.25), true);
});
