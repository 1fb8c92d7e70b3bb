/** The doctor's findings on invented machines: each lack comes with its remedy, and no probe can take it down. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytes, checkTable } from '../../main/cli/doctor/check.ts';
import { type DoctorReport, examine, runDoctor } from '../../main/cli/doctor/examine.ts';
import {
  type HidrawDevice,
  type Machine,
  type NativeAnswer,
  type NativePart,
  type Probes,
  readAnswer,
  readHidraw,
  realProbes,
} from '../../main/cli/doctor/probes.ts';
import { ROOT } from '../source-files.ts';

const GOOD_MACHINE: Machine = {
  appVersion: '0.1.0',
  nodeVersion: '24.21.0',
  architecture: 'x64',
  systemRelease: '6.8',
  processor: 'A processor',
  cores: 8,
  memoryBytes: 16e9,
  freeMemoryBytes: 8e9,
};
const COMPACT: HidrawDevice = {
  node: '/dev/hidraw3',
  name: '3Dconnexion SpaceMouse Compact',
  vendorId: 0x256f,
  productId: 0xc635,
  mayOpen: true,
};

interface Invented extends Partial<Omit<Probes, 'native' | 'machine'>> {
  readonly machine?: Partial<Machine>;
  readonly native?: Partial<Record<NativePart, NativeAnswer>>;
  readonly programs?: readonly string[];
  readonly environment?: Record<string, string>;
}

function probes({
  machine,
  native,
  programs = ['/usr/bin/google-chrome'],
  environment,
  ...rest
}: Invented = {}): Probes {
  return {
    root: '/app',
    host: {
      platform: 'linux',
      environment: { DISPLAY: ':0', PATH: '/usr/bin', ...environment },
      home: '/home/op',
      isRoot: false,
      exists: () => false,
      isExecutable: (path) => programs.includes(path),
      read: () => undefined,
      realPath: (path) => path,
    },
    machine: () => ({ ...GOOD_MACHINE, ...machine }),
    native: async (part) => native?.[part] ?? { ok: true, version: '1.2.3' },
    telemetry: async () => ({ ok: true, files: [] }),
    backends: async () => [
      { backend: 'onnxruntime-cpu', usable: true },
      { backend: 'tensorflow', usable: false, reason: 'it is not installed', remedy: 'npm install it' },
    ],
    folder: async () => ({ freeBytes: 100e9, mayWrite: true }),
    hidraw: () => [COMPACT],
    run: async () => undefined,
    loopback: async () => undefined,
    windowBuild: () => 'fresh',
    ...rest,
  };
}

const look = (invented?: Invented) => examine(probes(invented), '/project');
const named = (report: DoctorReport, name: string) => {
  const check = report.checks.find((candidate) => candidate.name === name);
  assert.ok(check, `no check "${name}"`);
  return check;
};

test('a good machine has nothing to mend', async () => {
  const report = await look();
  assert.equal(report.ok, true);
  assert.deepEqual(
    report.checks.filter((check) => check.state === 'fail' || check.state === 'warn'),
    [],
  );
  assert.equal(named(report, 'spacemouse').value, '3Dconnexion SpaceMouse Compact (256f:c635, /dev/hidraw3)');
});

test('each lack is found, with its state and its remedy', async () => {
  const broken = (error: string): NativeAnswer => ({ ok: false, error });
  const table: readonly (readonly [Invented, string, string, RegExp, RegExp])[] = [
    [{ machine: { nodeVersion: '20.1.0' } }, 'node', 'fail', /20\.1\.0; expected 24/, /npx takeover/],
    [{ machine: { architecture: 'arm64' } }, 'platform', 'warn', /linux arm64/, /Tested on Linux x64 only/],
    [{ machine: { cores: 1 } }, 'processor', 'warn', /1 core/, /two cores/],
    [{ machine: { freeMemoryBytes: 1e9 } }, 'memory', 'warn', /1\.0 GB free/, /Close other programs/],
    [
      { telemetry: async () => ({ ok: true, files: ['deviceid', 'onnxruntime.db'] }) },
      'telemetry',
      'fail',
      /on: .* wrote deviceid, onnxruntime\.db into/,
      /ORT_DISABLE_TELEMETRY=1/,
    ],
    [
      { telemetry: async () => ({ ok: false, error: 'Cannot find module' }) },
      'telemetry',
      'warn',
      /could not be checked: Cannot find/,
      /npm ci/,
    ],
    [
      { folder: async () => ({ freeBytes: 5e9, mayWrite: true }) },
      'disk',
      'warn',
      /5\.0 GB free at \/project/,
      /short session/,
    ],
    [{ folder: async () => ({ freeBytes: 5e8, mayWrite: true }) }, 'disk', 'fail', /500\.0 MB/, /--data DIR/],
    [{ folder: async () => ({ freeBytes: 5e12, mayWrite: false }) }, 'disk', 'fail', /cannot be written/, /--data DIR/],
    [{ loopback: async () => 'EPERM' }, 'loopback', 'fail', /EPERM/, /loopback address/],
    [{ native: { sqlite: broken('it took its process down (SIGSEGV)') } }, 'sqlite', 'fail', /SIGSEGV/, /npm ci/],
    [{ native: { onnxruntime: broken('Cannot find module') } }, 'onnxruntime', 'fail', /Cannot find/, /npm ci/],
    [
      { native: { hid: broken('libusb-1.0.so.0: cannot open shared object file') } },
      'hid',
      'warn',
      /libusb-1\.0/,
      /apt install libusb-1\.0-0/,
    ],
    [{}, 'backend tensorflow', 'info', /tfjs-node-gpu: not usable, it is not installed/, /npm install it/],
    [
      { backends: async () => [{ backend: 'onnxruntime-cpu', usable: false, reason: 'SIGILL', remedy: 'npm ci' }] },
      'backend onnxruntime-cpu',
      'fail',
      /not usable, SIGILL/,
      /npm ci/,
    ],
    [
      { hidraw: () => [{ ...COMPACT, mayOpen: false }] },
      'spacemouse',
      'fail',
      /may not open it/,
      /70-spacemouse\.rules/,
    ],
    [{ hidraw: () => [] }, 'spacemouse', 'info', /none plugged in/, /keyboard/],
    [{ environment: { DISPLAY: '' } }, 'display', 'warn', /DISPLAY/, /ssh -L/],
    [{ programs: [] }, 'browser', 'warn', /no Chrome/, /TAKEOVER_BROWSER/],
    [{ windowBuild: () => 'stale' as const }, 'window', 'info', /older/, /npm run build/],
    [
      { run: async () => ({ code: 1, output: 'No module named torch' }) },
      'python with torch',
      'info',
      /python3 has no torch/,
      /benchmark/,
    ],
  ];
  for (const [invented, name, state, value, remedy] of table) {
    const check = named(await look(invented), name);
    assert.equal(check.state, state, name);
    assert.match(check.value, value);
    assert.match(check.remedy ?? '', remedy);
  }
});

test('a Python with torch is found by the name it goes by', async () => {
  const asked: string[] = [];
  const report = await look({
    environment: { TAKEOVER_PYTHON: '/venv/bin/python' },
    run: async (program) => {
      asked.push(program);
      return { code: 0, output: '2.13.0 cpu' };
    },
  });
  assert.deepEqual(asked, ['/venv/bin/python']);
  assert.equal(named(report, 'python with torch').value, '/venv/bin/python: PyTorch 2.13.0 cpu');
});

test('the source position in front of a native error is left out', async () => {
  const error =
    '/src/webgpu_context.cc:136 Initialize(const X&)::<lambda()> status == Success was false. Failed to get a WebGPU adapter\n at x';
  const report = await look({ native: { onnxruntime: { ok: false, error } } });
  assert.equal(named(report, 'onnxruntime').value, 'Failed to get a WebGPU adapter');
});

test('a probe that throws is a finding', async () => {
  const report = await look({
    hidraw: () => {
      throw new Error('no such folder');
    },
  });
  assert.match(named(report, 'spacemouse').value, /could not be examined: no such folder/);
  assert.equal(report.ok, false);
});

test('the table for a person and the last line for a program', async () => {
  const printed: string[] = [];
  const options = { projectFolder: '/p', json: true, print: (text: string) => printed.push(text) };
  assert.equal(await runDoctor({ ...options, probes: probes({ hidraw: () => [{ ...COMPACT, mayOpen: false }] }) }), 1);
  assert.match(printed[0] ?? '', /✗ {2}spacemouse .*may not open it\n +→ Allow access once[\s\S]*1 must be mended/);
  const report: unknown = JSON.parse(printed.at(-1) ?? '');
  assert.equal(Reflect.get(Object(report), 'ok'), false);
  assert.equal(await runDoctor({ ...options, json: false, probes: probes() }), 0);
  assert.match(printed.at(-1) ?? '', /All is well\.$/);
  assert.equal(checkTable([]), '\nAll is well.');
});

test('every interface of a SpaceMouse is named, refused or not, in either order', async () => {
  const receiver = { ...COMPACT, node: '/dev/hidraw0', name: 'SpaceMouse Receiver', productId: 0xc62f, mayOpen: false };
  for (const order of [
    [COMPACT, receiver],
    [receiver, COMPACT],
  ]) {
    const { state, value, remedy } = named(await look({ hidraw: () => order }), 'spacemouse');
    assert.equal(state, 'warn', 'one of them works');
    assert.match(value, /SpaceMouse Compact \(256f:c635, \/dev\/hidraw3\)(\n|$)/);
    assert.match(value, /SpaceMouse Receiver \(256f:c62f, \/dev\/hidraw0\): this user may not open it/);
    assert.match(remedy ?? '', /70-spacemouse\.rules/);
  }
});

test('what only comes from the same maker is no SpaceMouse', async () => {
  const only = async (vendorId: number, productId: number) =>
    named(await look({ hidraw: () => [{ ...COMPACT, vendorId, productId }] }), 'spacemouse').state;
  assert.deepEqual([await only(0x256f, 0xc635), await only(0x046d, 0xc626)], ['ok', 'ok']);
  assert.deepEqual([await only(0x256f, 0xc650), await only(0x046d, 0xc077)], ['info', 'info']);
});

test("devices are read from the kernel's list", () => {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-hidraw-'));
  try {
    for (const [entry, text] of [
      ['hidraw0', 'DRIVER=hid-generic\nHID_ID=0003:0000256F:0000C635\nHID_NAME=3Dconnexion SpaceMouse Compact\n'],
      ['hidraw1', 'DRIVER=x\n'],
    ] as const) {
      mkdirSync(join(folder, entry, 'device'), { recursive: true });
      writeFileSync(join(folder, entry, 'device/uevent'), text);
    }
    assert.deepEqual(
      readHidraw(folder, (node) => node === '/dev/hidraw0'),
      [{ ...COMPACT, node: '/dev/hidraw0' }],
    );
    assert.deepEqual(
      readHidraw(join(folder, 'none'), () => true),
      [],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a probe's answer, its silence and its death", () => {
  assert.deepEqual(readAnswer('noise\n{"ok":true,"version":"3.1"}\n', '', undefined), { ok: true, version: '3.1' });
  assert.deepEqual(readAnswer('{"ok":false,"error":"no"}', '', undefined), { ok: false, error: 'no' });
  assert.deepEqual(readAnswer('', '', 'SIGSEGV'), { ok: false, error: 'it took its process down (SIGSEGV)' });
  assert.deepEqual(readAnswer('', 'x\nError: bad\nat y', undefined), { ok: false, error: 'Error: bad' });
  assert.deepEqual(readAnswer('null', '', undefined), { ok: false, error: 'it gave no answer' });
});

test('the real probes answer on this machine, for what is installed and what is not', async () => {
  const real = realProbes(ROOT);
  const [sqlite, onnxruntime] = await Promise.all([real.native('sqlite'), real.native('onnxruntime')]);
  assert.equal(sqlite.ok, true);
  assert.deepEqual(onnxruntime.ok, true);
  assert.deepEqual(await real.telemetry(), { ok: true, files: [] });
  assert.equal(real.machine().nodeVersion, process.versions.node);
  assert.ok((await real.folder(join(tmpdir(), 'not/yet/there'))).freeBytes > 0);
  assert.equal(await real.loopback(), undefined);
  assert.equal(await real.run('no-such-program-at-all', []), undefined);
});

test('bytes in decimal units', () => {
  assert.deepEqual([0, 999, 1500, 25.3e9, 3e12].map(bytes), ['0 B', '999 B', '1.5 kB', '25.3 GB', '3.0 TB']);
});
