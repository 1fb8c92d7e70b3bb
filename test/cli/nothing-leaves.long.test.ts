/**
 * Checks that nothing leaves the machine. Each kind of process runs with its own home and temporary folder, leaves no
 * file there, and opens sockets only to this machine. `strace` shows the sockets; without it that part is skipped with
 * a message.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { ROOT } from '../source-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'takeover-quiet-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const project = join(folder, 'project');

const CALLS = '%network,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat';
/** The filter keeps all other calls as fast as they are without a trace. */
const FILTER = ['--seccomp-bpf', '-f', '-qq'];
const STRACE = ['-D', ...FILTER, '-s', '256', '-e', `trace=${CALLS}`];
const canTrace = spawnSync('strace', [...FILTER, '-o', '/dev/null', process.execPath, '-e', ''])?.status === 0;
const skip = canTrace ? false : 'strace cannot be run here: sockets, and files in other folders, are not looked at';

/** Time limit, far above what any of the processes takes. */
const PATIENCE_MS = 180_000;

const HOME_FOLDERS = {
  HOME: 'home',
  XDG_CACHE_HOME: 'home/.cache',
  XDG_CONFIG_HOME: 'home/.config',
  XDG_DATA_HOME: 'home/.local/share',
  XDG_STATE_HOME: 'home/.local/state',
  XDG_RUNTIME_DIR: 'run',
  TMPDIR: 'tmp',
} as const;

interface Watched {
  readonly status: number | undefined;
  readonly output: string;
  /** Paths below the folder of this process's home and temporary files that are there when it has ended. */
  readonly left: readonly string[];
  /** One line per system call; empty where there is no `strace`. */
  readonly calls: readonly string[];
}

/** Runs one kind of process by Node to its end. */
async function watch({ name, argv, stopAt }: Kind, context: TestContext): Promise<Watched> {
  const own = join(folder, name);
  const {
    ORT_DISABLE_TELEMETRY: _inherited,
    NODE_TEST_CONTEXT: _context,
    NODE_COMPILE_CACHE: _cache,
    ...environment
  } = process.env;
  const homes = Object.entries(HOME_FOLDERS).map(([variable, path]) => [variable, join(own, path)] as const);
  for (const [, path] of homes) mkdirSync(path, { recursive: true });
  const trace = join(folder, `${name}.calls`);
  const command = [process.execPath, ...argv];
  const [program = '', ...rest] = canTrace ? ['strace', ...STRACE, '-o', trace, ...command] : command;
  const child = spawn(program, rest, {
    cwd: own,
    env: { ...environment, ...Object.fromEntries(homes) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  context.signal.addEventListener('abort', () => child.kill('SIGKILL'));
  let output = '';
  let isAsked = false;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (isAsked || stopAt === undefined || !output.includes(stopAt)) return;
      isAsked = true;
      child.kill('SIGTERM');
    });
  const status = await new Promise<number | undefined>((done) =>
    child.once('close', (code) => done(code ?? undefined)),
  );
  const entries = readdirSync(own, { recursive: true, withFileTypes: true });
  return {
    status,
    output,
    left: entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name)),
    calls: existsSync(trace) ? readFileSync(trace, 'utf8').split('\n') : [],
  };
}

/** Calls that name an address on another machine, or all addresses of this one. */
const toNetwork = (calls: readonly string[]) =>
  calls.filter(
    (call) =>
      /sa_family=AF_INET/.test(call) &&
      !/inet_addr\("127\.|"::1"|"::ffff:127\./.test(call) &&
      !/recvfrom|accept/.test(call),
  );

const IGNORED = /^\/(dev\/(null|tty|shm\/|dri\/|hidraw)|proc\/|sys\/)/;

/** Paths that were created or opened for creation outside the project, this checkout, and the process's own folders. */
const createdElsewhere = (name: string, calls: readonly string[]) =>
  calls
    .filter((call) => /O_CREAT|\b(mkdir|rename|link|symlink|creat)\w*\(/.test(call) && !/ = -1 /.test(call))
    .flatMap((call) => [...call.matchAll(/"([^"]+)"/g)].map(([, path = '']) => resolve(join(folder, name), path)))
    .filter((path) => !IGNORED.test(path) && ![folder, ROOT].some((mine) => path.startsWith(`${mine}/`)));

const TAKEOVER = join(ROOT, 'main/cli/takeover.ts');
const small = JSON.stringify({ hidden: [16, 16], batchSize: 32 });

interface Kind {
  readonly name: string;
  readonly argv: readonly string[];
  /** True when the process, or one that it starts, loads ONNX Runtime; not judged when left out. */
  readonly loads?: boolean;
  /** Output after which the process is asked to end; `undefined` when it ends by itself. */
  readonly stopAt?: string;
}

const verb = (...argv: readonly string[]) => [TAKEOVER, ...argv, '--data', project];
const KINDS: readonly Kind[] = [
  { name: 'cell and store', argv: verb('demo', '--episodes', '2'), loads: true },
  { name: 'export', argv: verb('export', '--out', join(folder, 'dataset')), loads: false },
  { name: 'policy process', argv: verb('rollout', '--episodes', '1', '--operator', 'scripted'), loads: true },
  {
    name: 'trainer, with a thread',
    argv: verb('finetune', '--steps', '2', '--threads', '2', '--settings', small),
    loads: true,
  },
  { name: 'classifier', argv: verb('classifier', '--collect', '4', '--observation', 'state'), loads: true },
  { name: 'doctor', argv: verb('doctor'), loads: true },
  { name: 'test', argv: ['--test', join(ROOT, 'test/tensor/examples.test.ts')], loads: true },
  { name: 'benchmark', argv: [join(ROOT, 'test/bench/run.ts'), 'convolution', '--quick'], loads: true },
  {
    name: 'engine',
    // Its policy process may load ONNX Runtime before or after the engine is asked to stop.
    argv: verb('serve', '--port', '0'),
    stopAt: 'Takeover is at',
  },
];

for (const kind of KINDS)
  test(`${kind.name}: nothing is left behind, nothing is sent`, { timeout: PATIENCE_MS }, async (context) => {
    const { name } = kind;
    const { status, output, left, calls } = await watch(kind, context);
    // The doctor ends with 1 where this machine lacks something.
    if (name !== 'doctor') assert.equal(status, 0, output);
    assert.deepEqual(left, [], 'files in the home or the temporary folder');
    await context.test('no socket to the network, no file elsewhere', { skip }, () => {
      assert.ok(
        calls.some((call) => call.includes('openat(')),
        'the trace has calls',
      );
      const loaded = calls.some((call) => /libonnxruntime[^"]*", [^)]*\) = \d/.test(call));
      if (kind.loads !== undefined) assert.equal(loaded, kind.loads, 'whether ONNX Runtime was loaded');
      assert.deepEqual(toNetwork(calls), []);
      assert.deepEqual(createdElsewhere(name, calls), []);
    });
  });
