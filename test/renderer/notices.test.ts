/** Tests the notices and the banners: one event is shown in one place, for as long as it lasts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../../main/api/index.ts';
import { bannersOf } from '../../renderer/panels/overlays/banner-kinds.ts';
import { useEngine } from '../../renderer/state/engine-store.ts';
import { keyOf, type Notice, shownNotices, standingOf, withNotice, withoutRead } from '../../renderer/state/notices.ts';
import { rateInWords } from '../../renderer/words/format.ts';
import { firstStatus } from '../e2e/contract-data.ts';

const own = (change: Partial<Notice>): Notice => ({ id: 1, level: 'info', text: 'said', times: 1, atMs: 0, ...change });
const fault = { what: 'The policy process ended.', armDoes: 'It holds.', remedy: 'Resume.', atMs: 0 };
const texts = (notices: readonly { readonly text: string }[]) => notices.map(({ text }) => text);

test('information leaves after six seconds, a warning after twelve, an error after twenty; one that lasts stays', () => {
  const all = [
    own({ text: 'info' }),
    own({ text: 'warning', level: 'warning' }),
    own({ text: 'error', level: 'error' }),
    own({ text: 'lasting', level: 'error', topic: 'stop', lasts: true }),
  ];
  const after = (ms: number) => texts(withoutRead(all, ms));
  assert.deepEqual(after(6000), ['info', 'warning', 'error', 'lasting']);
  assert.deepEqual(after(6001), ['warning', 'error', 'lasting']);
  assert.deepEqual(after(12_001), ['error', 'lasting']);
  assert.deepEqual(after(1e9), ['lasting']);
  assert.equal(withoutRead(all, 0), all, 'nothing changes, nothing is drawn anew');
});

test('the same said again counts up; a newer notice of a topic replaces the older', () => {
  const say = (notices: readonly Notice[], text: string, topic?: string) =>
    withNotice(notices, { level: 'info', text, topic, atMs: 0 }, notices.length + 1);
  const twice = say(say([], 'again'), 'again');
  assert.deepEqual(
    twice.map(({ text, times }) => [text, times]),
    [['again', 2]],
  );
  assert.deepEqual(texts(say(say([], 'cell open', 'start'), 'no policy', 'start')), ['no policy']);
  assert.deepEqual(texts(say(say(say(say(say([], 'a'), 'b'), 'c'), 'd'), 'e')), ['b', 'c', 'd', 'e']);
});

test('nothing is in a banner and in the notices', () => {
  const notice = { topic: 'policy', level: 'error' as const, text: fault.what };
  const said = [own({ text: fault.what, level: 'error' }), own({ text: 'Stopped by the operator.' })];
  const shown = (status: Status) => texts(shownNotices(said, status, []));
  assert.deepEqual(shown({ ...firstStatus, phase: 'hold', fault, notices: [notice] }), ['Stopped by the operator.']);
  assert.deepEqual(shown({ ...firstStatus, phase: 'hold', holdReason: 'Stopped by the operator.' }), [fault.what]);
  assert.deepEqual(shown({ ...firstStatus, notices: [notice] }), [fault.what, 'Stopped by the operator.'], 'once');
});

test('a device that is lost stands until it is back; one that never was there does not', () => {
  const devices = (state: 'lost' | 'ready' | 'absent' | 'blocked'): Status => ({
    ...firstStatus,
    inputDevices: [{ name: 'SpaceMouse', kind: 'spacemouse', state, remedy: 'Plug it in.' }],
  });
  assert.deepEqual(shownNotices([], devices('lost'), []), [
    {
      key: 'device SpaceMouse',
      id: undefined,
      level: 'warning',
      text: 'SpaceMouse is gone.',
      remedy: 'Plug it in.',
      times: 1,
    },
  ]);
  for (const state of ['ready', 'absent', 'blocked'] as const)
    assert.deepEqual(shownNotices([], devices(state), []), [], state);
  const [lost] = standingOf(devices('lost'));
  assert.deepEqual(shownNotices([], devices('lost'), [keyOf(lost!)]), [], 'dismissed');
});

test('what stops the arm or hides it is a banner, gravest first; a fault is not told as a hold too', () => {
  const banners = (change: Partial<Status>, window = { replaying: false, sceneBroken: false }) =>
    bannersOf({ ...useEngine.getState(), link: { state: 'open' }, status: { ...firstStatus, ...change } }, window);
  assert.deepEqual(banners({}), []);
  assert.deepEqual(banners({ phase: 'hold' }), ['hold']);
  assert.deepEqual(banners({ phase: 'hold', fault }), ['fault']);
  assert.deepEqual(
    banners(
      { phase: 'hold', fault, controlsHeldByOther: true, diskFreeBytes: 1 },
      { replaying: true, sceneBroken: true },
    ),
    ['fault', 'claim', 'scene', 'replay'],
  );
  const lost = { ...useEngine.getState(), status: { ...firstStatus, fault } };
  assert.deepEqual(
    bannersOf(lost, { replaying: false, sceneBroken: false }),
    ['link'],
    'what was true is not known now',
  );
});

test('a simulated clock is told only while it is slow', () => {
  assert.deepEqual([undefined, 1.02, 1, 0.95].map(rateInWords), [undefined, undefined, undefined, undefined]);
  assert.deepEqual([0.949, 0.61, 0.04, 0].map(rateInWords), [
    '0.9× real time',
    '0.6× real time',
    '0.0× real time',
    '0.0× real time',
  ]);
});
