/** Checks of the machine: versions, processor, memory, disk, the loopback port, and Python for the benchmarks. */
import { bytes, type Check, fail, info, ok, warn } from './check.ts';
import type { Probes } from './probes.ts';

const GB = 1e9;
/** Free disk below which the reserve is near, at which recording stops. */
const LITTLE_DISK = 10 * GB;
const NO_DISK = 1 * GB;
const LITTLE_MEMORY = 2 * GB;

export function checkMachine({ machine, host }: Probes): readonly Check[] {
  const facts = machine();
  const major = Number(facts.nodeVersion.split('.')[0]);
  const tested = host.platform === 'linux' && facts.architecture === 'x64';
  const platform = `${host.platform} ${facts.architecture}, ${facts.systemRelease}`;
  const memory = `${bytes(facts.memoryBytes)}, ${bytes(facts.freeMemoryBytes)} free`;
  return [
    info('takeover', facts.appVersion),
    major >= 24
      ? ok('node', facts.nodeVersion)
      : fail(
          'node',
          `${facts.nodeVersion}; expected 24 or newer`,
          'Start with "npx takeover" or "npm run takeover -- …": the pinned Node comes with the program.',
        ),
    tested
      ? ok('platform', platform)
      : warn('platform', platform, 'Tested on Linux x64 only; report what does not work here.'),
    facts.cores >= 2
      ? ok('processor', `${facts.processor}, ${facts.cores} cores`)
      : warn('processor', `${facts.processor}, 1 core`, 'The control loop and a fine-tuning run want two cores.'),
    facts.freeMemoryBytes >= LITTLE_MEMORY
      ? ok('memory', memory)
      : warn('memory', memory, 'Close other programs: a fine-tuning run takes up to 1 GB.'),
  ];
}

export async function checkDisk({ folder }: Probes, projectFolder: string): Promise<Check> {
  const { freeBytes, mayWrite } = await folder(projectFolder);
  const value = `${bytes(freeBytes)} free at ${projectFolder}`;
  if (!mayWrite)
    return fail('disk', `${projectFolder} cannot be written to`, 'Choose another project folder with --data DIR.');
  if (freeBytes < NO_DISK)
    return fail(
      'disk',
      value,
      'Free some space, or choose another project folder with --data DIR: recording stops at a reserve.',
    );
  return freeBytes < LITTLE_DISK
    ? warn('disk', value, 'Enough for a short session; the window shows gigabytes per hour while it records.')
    : ok('disk', value);
}

export async function checkLoopback({ loopback }: Probes): Promise<Check> {
  const problem = await loopback();
  return problem === undefined
    ? ok('loopback', 'a port on 127.0.0.1 can be opened')
    : fail(
        'loopback',
        `no port on 127.0.0.1 can be opened: ${problem}`,
        'Allow this program to listen on the loopback address; nothing is opened to the network.',
      );
}

const TORCH = 'import torch; print(torch.__version__, "cuda" if torch.cuda.is_available() else "cpu")';

/** Looks for PyTorch, which only a benchmark compares with. */
export async function checkPython({ run, host }: Probes): Promise<Check> {
  const wanted = host.environment['TAKEOVER_PYTHON'];
  const names = wanted ? [wanted] : ['python3', 'python'];
  let without: string | undefined;
  for (const name of names) {
    const answer = await run(name, ['-c', TORCH]);
    if (answer?.code === 0) return info('python with torch', `${name}: PyTorch ${answer.output.split('\n').at(-1)}`);
    if (answer !== undefined) without ??= name;
  }
  return info(
    'python with torch',
    without === undefined ? 'no Python found' : `${without} has no torch`,
    'Only the train-step benchmark compares with it; TAKEOVER_PYTHON names the Python to use.',
  );
}
