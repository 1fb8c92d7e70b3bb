import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseShellRequest, readHandedOver } from '../../electron/arguments.ts';
import { type MenuFacts, menuModel } from '../../electron/menu-model.ts';
import { failurePage } from '../../electron/window/pages.ts';

const FACTS: MenuFacts = {
  macOs: false,
  productName: 'Takeover',
  ownsEngine: true,
  engineShown: true,
  development: true,
};
const actions = (facts: MenuFacts) =>
  menuModel(facts).flatMap((menu) => menu.items.flatMap((item) => (item.kind === 'action' ? [item] : [])));

test("no menu key is one of the operator's", () => {
  const taken = /^(Escape|Space|Enter|Backspace|Delete|Tab|[A-Z0-9]|CmdOrCtrl\+Z)$/;
  for (const macOs of [false, true])
    for (const item of actions({ ...FACTS, macOs })) assert.doesNotMatch(item.accelerator ?? 'none', taken, item.label);
});

test('what cannot be done is grey: another folder for an engine that is not ours, export without an engine', () => {
  const enabled = (facts: MenuFacts, name: string) => actions(facts).find((item) => item.action === name)?.enabled;
  assert.equal(enabled({ ...FACTS, ownsEngine: false }, 'open-folder'), false);
  assert.equal(enabled({ ...FACTS, engineShown: false }, 'export'), false);
  assert.equal(enabled(FACTS, 'open-folder'), true);
  assert.equal(enabled({ ...FACTS, development: false }, 'developer-tools'), undefined);
});

test('every key that a keyboard has for zooming zooms, and stands in the menu once', () => {
  const by = (accelerator: string) => actions(FACTS).find((item) => item.accelerator === accelerator)?.action;
  for (const key of ['Plus', '=', 'numadd']) assert.equal(by(`CmdOrCtrl+${key}`), 'zoom-in', key);
  for (const key of ['-', 'numsub']) assert.equal(by(`CmdOrCtrl+${key}`), 'zoom-out', key);
  for (const key of ['0', 'num0']) assert.equal(by(`CmdOrCtrl+${key}`), 'zoom-reset', key);
  const labels = actions(FACTS).flatMap((item) => (item.visible ? [item.label] : []));
  assert.equal(new Set(labels).size, labels.length);
});

test('accelerators are unique', () => {
  const keys = actions(FACTS).flatMap((item) => item.accelerator ?? []);
  assert.equal(new Set(keys).size, keys.length);
});

test('the failure page shows the log as text, whatever it contains, and runs no script', () => {
  const html = failurePage({
    title: 'The engine is not running',
    what: 'It ended.',
    remedy: 'Look.',
    logTail: ['<script>alert("x")</script>', "'&"],
    ownsEngine: true,
  });
  assert.doesNotMatch(html, /<script/);
  assert.match(html, /&#60;script&#62;alert\(&#34;x&#34;\)/);
  assert.match(html, /default-src 'none'/);
  assert.match(html, /href="takeover:retry"/);
});

test('the request: flags, environment, and what another instance hands over', () => {
  const url = 'http://127.0.0.1:4711/#c';
  assert.deepEqual(parseShellRequest(['.', `--engine-url=${url}`, '--data', '/p'], {}), {
    engineUrl: url,
    projectFolder: '/p',
    smoke: false,
  });
  assert.deepEqual(parseShellRequest(['.', '--smoke', '--data', '--x'], { TAKEOVER_ENGINE_URL: url }), {
    engineUrl: url,
    smoke: true,
  });
  assert.throws(() => parseShellRequest(['--engine-url=http://example.com/'], {}), /example\.com/);
  assert.deepEqual(readHandedOver({ engineUrl: url, projectFolder: '/other' }), { engineUrl: url, smoke: false });
  for (const data of [null, 7, 'x', { engineUrl: 'http://example.com/' }, { engineUrl: 3 }])
    assert.deepEqual(readHandedOver(data), { smoke: false });
});
