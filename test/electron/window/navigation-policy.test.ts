/** Tests by tables what a window may reach. Every address that is not the engine's is denied or opens outside. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decideNavigation,
  decideWindowOpen,
  engineOrigin,
  mayRequest,
  mayUse,
} from '../../../electron/window/navigation-policy.ts';
import { contentSecurityPolicy } from '../../../main/api/window/content-security-policy.ts';

const ORIGIN = 'http://127.0.0.1:4711';

test('an engine is plain HTTP on this machine, and nothing else', () => {
  for (const url of ['http://127.0.0.1:4711/#code', 'http://localhost:1/', 'http://[::1]:80/x'])
    assert.equal(engineOrigin(url), new URL(url).origin);
  const refused = [
    '',
    'nonsense',
    'https://127.0.0.1:4711/',
    'http://example.com/',
    'http://127.0.0.1.example.com/',
    'http://user:secret@127.0.0.1:4711/',
    'http://0.0.0.0:4711/',
    'file:///etc/passwd',
    'javascript:alert(1)',
  ];
  for (const url of refused) assert.throws(() => engineOrigin(url), /expected http:\/\/127\.0\.0\.1:<port>/, url);
});

test('navigation', () => {
  const engine = { origin: ORIGIN, onShellPage: false };
  const shellPage = { origin: undefined, onShellPage: true };
  const table = [
    [engine, `${ORIGIN}/`, 'allow'],
    [engine, `${ORIGIN}/deep?x=1#y`, 'allow'],
    [engine, 'http://127.0.0.1:4712/', 'deny'],
    [engine, 'http://localhost:4711/', 'deny'],
    [engine, 'http://127.0.0.1:4711@evil.example/', 'deny'],
    [engine, 'https://example.com/paper', 'open-outside'],
    [engine, 'https://user:pw@example.com/', 'deny'],
    [engine, `https://example.com/${'x'.repeat(3000)}`, 'deny'],
    [engine, 'http://example.com/', 'deny'],
    [engine, 'file:///etc/passwd', 'deny'],
    [engine, 'data:text/html,hello', 'deny'],
    [engine, 'javascript:alert(1)', 'deny'],
    [engine, 'blob:http://127.0.0.1:4711/1', 'deny'],
    [engine, 'smb://host/share', 'deny'],
    [engine, 'takeover:retry', 'deny'],
    [engine, 'not a url', 'deny'],
    [shellPage, 'takeover:retry', 'command'],
    [shellPage, 'takeover:quit', 'command'],
    [shellPage, 'takeover:format-disk', 'deny'],
    [shellPage, 'https://example.com/', 'deny'],
    [shellPage, `${ORIGIN}/`, 'deny'],
  ] as const;
  assert.deepEqual(
    table.map(([from, url]) => decideNavigation(url, from).kind),
    table.map(([, , kind]) => kind),
  );
});

test('a new window is never opened; https goes to the browser', () => {
  const table = [
    ['https://example.com/', 'open-outside'],
    [`${ORIGIN}/`, 'deny'],
    ['http://example.com/', 'deny'],
    ['file:///etc/passwd', 'deny'],
    ['javascript:alert(1)', 'deny'],
    ['', 'deny'],
  ] as const;
  assert.deepEqual(
    table.map(([url]) => decideWindowOpen(url).kind),
    table.map(([, kind]) => kind),
  );
});

test('requests stay with the engine', () => {
  const table = [
    [`${ORIGIN}/assets/app.js`, true],
    ['ws://127.0.0.1:4711/socket', true],
    [`blob:${ORIGIN}/5a`, true],
    ['data:image/png;base64,AA', true],
    ['devtools://devtools/bundled/x.js', true],
    ['ws://127.0.0.1:4712/socket', false],
    ['wss://127.0.0.1:4711/socket', false],
    ['https://127.0.0.1:4711/', false],
    ['https://fonts.example.com/inter.css', false],
    ['blob:https://example.com/5a', false],
    ['file:///etc/passwd', false],
    ['', false],
  ] as const;
  assert.deepEqual(
    table.map(([url]) => mayRequest(url, ORIGIN)),
    table.map(([, allowed]) => allowed),
  );
  assert.equal(mayRequest(`${ORIGIN}/`, undefined), false);
});

test('permissions: full screen and copying, for the engine only', () => {
  for (const permission of ['fullscreen', 'clipboard-sanitized-write']) {
    assert.equal(mayUse(permission, `${ORIGIN}/`, ORIGIN), true);
    assert.equal(mayUse(permission, 'http://127.0.0.1:9/', ORIGIN), false);
    assert.equal(mayUse(permission, `${ORIGIN}/`, undefined), false);
  }
  for (const permission of [
    'media',
    'hid',
    'usb',
    'serial',
    'geolocation',
    'notifications',
    'openExternal',
    'midi',
    'clipboard-read',
  ])
    assert.equal(mayUse(permission, `${ORIGIN}/`, ORIGIN), false, permission);
});

test('the content policy names no other place and allows no inline script', () => {
  const policy = contentSecurityPolicy([ORIGIN]);
  assert.match(policy, /connect-src 'self' ws:\/\/127\.0\.0\.1:4711(;|$)/);
  assert.match(policy, /script-src 'self';/);
  assert.doesNotMatch(policy, /unsafe-eval|script-src[^;]*unsafe-inline|\*/);
});
