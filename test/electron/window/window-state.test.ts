import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeWindow, readState, writeState } from '../../../electron/window/window-state.ts';

const MAIN = { x: 0, y: 0, width: 1920, height: 1080 };
const RIGHT = { x: 1920, y: 0, width: 1280, height: 800 };
const USUAL = { width: 1440, height: 900, maximised: false };

test('anything can be read; what is not a state is the usual one', () => {
  for (const text of [
    undefined,
    '',
    'null',
    '[]',
    '7',
    '{"bounds":{"x":1}}',
    '{"bounds":{"x":"a","y":1,"width":2,"height":3}}',
  ])
    assert.deepEqual(readState(text), { maximised: false }, String(text));
  const state = { bounds: { x: 1, y: 2, width: 1100, height: 720 }, maximised: true, projectFolder: '/p' };
  assert.deepEqual(readState(writeState(state)), state);
});

test('the window comes back where it was when that is on a display', () => {
  const bounds = { x: 2000, y: 50, width: 1100, height: 720 };
  const state = { bounds, maximised: true };
  assert.deepEqual(placeWindow(state, [MAIN, RIGHT]), {
    position: { x: 2000, y: 50 },
    width: 1100,
    height: 720,
    maximised: true,
  });
});

test('a window whose display is gone, or whose title bar cannot be grabbed, comes back in the middle', () => {
  for (const [x, y] of [
    [2000, 50],
    [-1400, 0],
    [1850, 0],
    [100, 1070],
    [100, -40],
  ] as const)
    assert.deepEqual(
      placeWindow({ bounds: { x, y, width: 1440, height: 900 }, maximised: false }, [MAIN]),
      USUAL,
      `${x}, ${y}`,
    );
});

test('sizes are held between the smallest and the display', () => {
  const at = (width: number, height: number) => ({ bounds: { x: 0, y: 0, width, height }, maximised: false });
  assert.deepEqual(placeWindow(at(200, 100), [MAIN]), {
    position: { x: 0, y: 0 },
    width: 1024,
    height: 700,
    maximised: false,
  });
  assert.deepEqual(placeWindow(at(9000, 9000), [MAIN]), {
    position: { x: 0, y: 0 },
    width: 1920,
    height: 1080,
    maximised: false,
  });
  assert.deepEqual(placeWindow({ maximised: false }, [{ x: 0, y: 0, width: 800, height: 600 }]), {
    width: 800,
    height: 600,
    maximised: false,
  });
  assert.deepEqual(placeWindow({ maximised: false }, []), USUAL);
});
