/** Tests that settings survive a restart, and that an unreadable file is reported and harms nothing. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SUCCESS_GUARDS } from '../../main/api/classifier.ts';
import { DEFAULT_TAKEOVER } from '../../main/api/teleop.ts';
import { openProjectSettings, rememberedTask } from '../../main/runs/project-settings.ts';

const inFolder = (body: (folder: string) => void) => {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-settings-'));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test('what was set is there after a restart; what was not set is the program’s', () =>
  inFolder((folder) => {
    const first = openProjectSettings(folder, 'insert');
    assert.deepEqual(first.settings, {});
    first.keep({ takeover: DEFAULT_TAKEOVER, autoStart: undefined });
    first.keep({ success: { by: 'human', ticks: 4, guard: SUCCESS_GUARDS.insert } });
    assert.deepEqual(openProjectSettings(folder, 'insert').settings, {
      takeover: DEFAULT_TAKEOVER,
      success: { by: 'human', ticks: 4, guard: SUCCESS_GUARDS.insert },
    });
    assert.deepEqual(readdirSync(folder), ['settings.json'], 'no half-written file is left');
  }));

test('the task that was chosen is remembered, and what is set afterwards belongs to it', () =>
  inFolder((folder) => {
    assert.equal(rememberedTask(folder), undefined);
    const kept = openProjectSettings(folder, 'insert');
    kept.keep({ task: 'lift' });
    kept.keep({ success: { by: 'human', ticks: 3, guard: SUCCESS_GUARDS.lift } });
    assert.equal(rememberedTask(folder), 'lift');
    assert.deepEqual([kept.successOf('lift')?.by, kept.successOf('insert')], ['human', undefined]);
    assert.deepEqual(Object.keys(openProjectSettings(folder, 'lift').settings), ['success']);
  }));

test('whose word ends an episode is kept by task', () =>
  inFolder((folder) => {
    openProjectSettings(folder, 'insert').keep({ success: { by: 'human', ticks: 3, guard: SUCCESS_GUARDS.insert } });
    const lift = openProjectSettings(folder, 'lift');
    assert.equal(lift.settings.success, undefined);
    lift.keep({ success: { by: 'classifier', ticks: 3, guard: SUCCESS_GUARDS.lift } });
    assert.equal(openProjectSettings(folder, 'insert').settings.success?.by, 'human');
    assert.equal(openProjectSettings(folder, 'lift').settings.success?.by, 'classifier');
  }));

for (const [what, text] of [
  ['no JSON', '{ "takeover": '],
  ['a value out of range', '{ "success": { "insert": { "by": "oracle", "ticks": 3, "guard": {} } } }'],
] as const)
  test(`a settings file with ${what} is told, and the program’s settings are in force`, () =>
    inFolder((folder) => {
      writeFileSync(join(folder, 'settings.json'), text);
      const kept = openProjectSettings(folder, 'insert');
      assert.deepEqual(kept.settings, {});
      assert.match(kept.problem?.message ?? '', /settings\.json could not be read/);
      assert.match(kept.problem?.remedy ?? '', /Correct the file/);
      kept.keep({ autoStart: false });
      assert.deepEqual(openProjectSettings(folder, 'insert').settings, { autoStart: false });
    }));

test('a folder that cannot be written is said with what to do; nothing to keep writes nothing', () =>
  inFolder((folder) => {
    const kept = openProjectSettings(folder, 'insert');
    assert.equal(kept.keep({ autoStart: undefined }).kind, 'done');
    assert.deepEqual(readdirSync(folder), []);
    mkdirSync(join(folder, 'settings.json.part'));
    const answer = kept.keep({ autoStart: false });
    assert.ok(answer.kind === 'refused' && /could not be written/.test(answer.message) && answer.remedy !== '');
  }));
