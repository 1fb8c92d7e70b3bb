import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showingOf } from '../../../electron/window/engine-page.ts';

const NEXT = 'http://127.0.0.1:4711/#code=two';

test('a page of the same engine stays and takes the new code, whatever it was loaded with', () => {
  assert.deepEqual(showingOf(NEXT, { url: 'http://127.0.0.1:4711/', alive: true }), { url: NEXT, stays: true });
  assert.deepEqual(showingOf(NEXT, { url: 'http://127.0.0.1:4711/?again=1', alive: true }), {
    url: 'http://127.0.0.1:4711/?again=1#code=two',
    stays: true,
  });
});

test('another origin, a page of the shell, no page, or an address without a code is loaded', () => {
  for (const url of ['http://127.0.0.1:4712/', 'data:text/html;charset=utf-8,x', '', 'http://127.0.0.1:4711/other'])
    assert.deepEqual(showingOf(NEXT, { url, alive: true }), { url: NEXT, stays: false });
  const plain = 'http://127.0.0.1:4711/';
  assert.deepEqual(showingOf(plain, { url: plain, alive: true }), { url: plain, stays: false });
});

test('a page that died or never came is loaded again: its address differs before the fragment, time after time', () => {
  const first = showingOf(NEXT, { url: 'http://127.0.0.1:4711/', alive: false });
  assert.deepEqual(first, { url: 'http://127.0.0.1:4711/?again=1#code=two', stays: false });
  const second = showingOf('http://127.0.0.1:4711/#code=three', { url: first.url, alive: false });
  assert.deepEqual(second, { url: 'http://127.0.0.1:4711/?again=2#code=three', stays: false });
});
