/**
 * `npm run package` makes the installable program. Each step prints what it made, or why it stopped and what is ready.
 * It needs renderer/dist, which `npm run build` makes before, and Electron's binary for the last step.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../main/api/clock.ts';
import { gather } from './gather.ts';
import { tryEngineElsewhere } from './try-engine.ts';

const FETCH_LIMIT_MS = 300_000;
const root = dirname(dirname(import.meta.dirname));
const targets = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));

function stop(why: string, ready: string): never {
  console.error(`\nStopped: ${why}\nReady: ${ready}`);
  process.exit(1);
}

if (!existsSync(join(root, 'renderer/dist/index.html')))
  stop('the window is not built: renderer/dist/index.html is missing. Run npm run build first.', 'nothing yet.');

const gathered = gather(root);
console.log(
  `1 gathered  ${gathered.sourceFiles} files without types and ${gathered.packages} packages in dist/app and dist/engine`,
);
for (const literal of gathered.left) console.log(`            left as it is: ${literal}`);

const tried = await tryEngineElsewhere(gathered.engine, systemClock);
if (!tried.ok) stop(`the gathered engine does not start. ${tried.what}`, 'dist/app and dist/engine, for a look.');
console.log(`2 tried     the gathered engine alone: ${tried.what}`);

const electron = join(root, 'node_modules/electron');
const binaryThere = () => existsSync(join(electron, 'path.txt')) && existsSync(join(electron, 'dist'));
if (!binaryThere()) {
  console.log('3 fetching  the binary of Electron …');
  spawnSync(process.execPath, [join(electron, 'install.js')], { stdio: 'ignore', timeout: FETCH_LIMIT_MS });
}
if (!binaryThere())
  stop(
    "Electron's binary could not be fetched (it comes from github.com), and electron-builder packs it. With a network, run this again; ELECTRON_MIRROR names another host.",
    'dist/app (the shell, for the asar) and dist/engine (the engine, tried). "dist/engine/bin/node dist/engine/main/cli/takeover.js serve" runs as it is, in a browser.',
  );
const version = /"version":\s*"([^"]+)"/.exec(readFileSync(join(electron, 'package.json'), 'utf8'))?.[1] ?? '';
console.log(`3 electron  ${version}`);

const built = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/electron-builder/cli.js'),
    '--publish=never',
    ...(targets.length > 0 ? ['--linux', ...targets] : []),
    `-c.electronVersion=${version}`,
    `-c.electronDist=${join(electron, 'dist')}`,
  ],
  // Without this variable the packager asks the registry for a newer version of itself.
  { cwd: root, stdio: 'inherit', env: { ...process.env, NO_UPDATE_NOTIFIER: '1' } },
);
if (built.status !== 0)
  stop(
    `electron-builder ended with ${built.signal ?? `exit status ${built.status}`}; its last lines, above, say why. An AppImage needs a tool that it fetches from github.com; "npm run package -- dir" does without.`,
    'dist/app and dist/engine; what it had finished lies in release/.',
  );
const unpacked = join(root, 'release/linux-unpacked');
if (existsSync(unpacked)) {
  const again = await tryEngineElsewhere(join(unpacked, 'resources/engine'), systemClock);
  if (!again.ok)
    stop(`electron-builder left out something that the engine needs. ${again.what}`, 'dist/app and dist/engine.');
}
console.log('4 packed    in release/');
