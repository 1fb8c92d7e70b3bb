/** Tests that the page reads the messages of the desktop shell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PageMessage } from '../../../electron/shell.ts';
import { onShellMessage, type ShellMessage } from '../../../renderer/shell/shell-messages.ts';

const MESSAGES: readonly PageMessage[] = [
  { kind: 'export' },
  { kind: 'keys' },
  { kind: 'zoom', step: 1 },
  { kind: 'stop' },
  { kind: 'notice', level: 'warning', text: 'The engine stopped and was started again.' },
];

test('every message of the shell is read as it was sent; anything else is said to be unreadable', () => {
  const page = new EventTarget();
  const read: ShellMessage[] = [];
  const unread: unknown[] = [];
  onShellMessage(
    page,
    (message) => read.push(message),
    (detail) => unread.push(detail),
  );
  for (const detail of MESSAGES) page.dispatchEvent(new CustomEvent('takeover:shell', { detail }));
  assert.deepEqual(read, MESSAGES satisfies readonly ShellMessage[]);
  for (const detail of [undefined, 'export', { kind: 'quit' }, { kind: 'notice', text: 'no level' }])
    page.dispatchEvent(new CustomEvent('takeover:shell', { detail }));
  page.dispatchEvent(new Event('takeover:shell'));
  assert.equal(unread.length, 5);
  assert.equal(read.length, MESSAGES.length);
});
