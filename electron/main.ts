/**
 * Entry of the shell, run by Electron: directly in a source tree, and as dist/electron/main.js when packaged. It only
 * composes. It never loads the engine's native libraries, because the engine is a child process under the pinned Node.
 */
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { app } from 'electron';
import { systemClock } from '../main/api/clock.ts';
import { NO_OTHER_HOST, QUIET_SWITCHES } from '../main/api/processes/chromium-switches.ts';
import { startApplication } from './application.ts';
import { HANDED_OVER_EXIT_CODE, parseShellRequest, readHandedOver, type ShellRequest } from './arguments.ts';
import { createElectronShell } from './electron-shell.ts';
import { findEngine, launchEngine } from './engine/child.ts';
import { createEngineProcess } from './engine/engine-process.ts';
import { readState, writeState } from './window/window-state.ts';

const PRODUCT = 'Takeover';
const root = dirname(import.meta.dirname);
// The program that started the shell may have ended. A write error on its pipe must not end the shell.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

app.setName(PRODUCT);
for (const { name, value } of [...QUIET_SWITCHES, NO_OTHER_HOST]) app.commandLine.appendSwitch(name, value);
// `enableSandbox` would remove the switch that Chromium needs to run as root.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Ends the shell with the reason on standard error, where the program that started it reads it. */
function refuse(error: unknown): void {
  console.error(
    `The shell could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  app.exit(1);
}

try {
  const request = parseShellRequest(process.argv.slice(1), process.env);
  if (app.requestSingleInstanceLock(request.engineUrl ? { engineUrl: request.engineUrl } : {})) {
    // Not awaited here: Electron becomes ready only after this module has been evaluated.
    app
      .whenReady()
      .then(() => run(request))
      .catch(refuse);
  } else {
    app.exit(HANDED_OVER_EXIT_CODE);
  }
} catch (error) {
  refuse(error);
}

/**
 * Opens the log for this session and keeps the previous one. A log that cannot be written is reported, and the program
 * continues.
 */
function openLog(file: string): (line: string) => void {
  const tell = (error: unknown) => console.error(`The engine's log cannot be written to ${file}: ${String(error)}`);
  try {
    mkdirSync(dirname(file), { recursive: true });
    if (existsSync(file)) renameSync(file, `${file}.1`);
  } catch (error) {
    tell(error);
    return () => {};
  }
  const log = createWriteStream(file, { mode: 0o600 });
  log.on('error', tell);
  return (line) => log.write(`${line}\n`);
}

function run(request: ShellRequest): void {
  const macOs = process.platform === 'darwin';
  const stateFile = join(app.getPath('userData'), 'shell.json');
  const logFile = join(app.getPath('logs'), 'engine.log');
  // The icon lies beside the archive when packaged, because the system's About dialog cannot read inside the archive.
  const iconPath = app.isPackaged ? join(process.resourcesPath, 'icon.png') : join(root, 'electron', 'icon.png');
  const icon = existsSync(iconPath) ? iconPath : undefined;
  const engineAt = findEngine(app.isPackaged ? join(process.resourcesPath, 'engine') : root, app.isPackaged);

  // In a source tree the engine uses its own default. The packaged program cannot write to its own folder.
  const usualFolder = app.isPackaged ? join(app.getPath('documents'), PRODUCT) : undefined;
  const log = openLog(logFile);
  app.setAboutPanelOptions({
    applicationName: PRODUCT,
    applicationVersion: app.getVersion(),
    copyright: 'Apache License 2.0',
    ...(icon ? { iconPath: icon } : {}),
  });

  const application = startApplication({
    shell: createElectronShell({ macOs, iconPath: icon, clock: systemClock }),
    clock: systemClock,
    request,
    macOs,
    development: !app.isPackaged,
    productName: PRODUCT,
    createEngine: (folder, changed) =>
      createEngineProcess({
        launch: (events) => launchEngine(engineAt, folder ?? usualFolder, events),
        clock: systemClock,
        changed,
        log,
      }),
    logFile,
    loadState: () => readState(existsSync(stateFile) ? readFileSync(stateFile, 'utf8') : undefined),
    saveState: (state) => {
      // The rename makes the file complete or absent. The shell imports the contract only, so it does this itself.
      try {
        mkdirSync(dirname(stateFile), { recursive: true });
        writeFileSync(`${stateFile}.new`, writeState(state));
        renameSync(`${stateFile}.new`, stateFile);
      } catch (error) {
        console.error(`The window's place could not be remembered in ${stateFile}: ${String(error)}`);
      }
    },
    report: (line) => console.log(JSON.stringify(line)),
  });

  app.on('second-instance', (_event, _argv, _folder, data) => application.handedOver(readHandedOver(data)));
  // The engine stops before the shell quits, from the menu, the dock or the system.
  app.on('before-quit', (event) => {
    event.preventDefault();
    void application.quit();
  });
  app.on('window-all-closed', () => void application.quit());
  // A signal to the whole process group also ends Chromium's own processes, and the browser's thread then aborts the
  // program. That thread is therefore blocked until the engine has stopped. Windows and macOS do not end them together.
  const signalled = () => (process.platform === 'linux' ? application.quitBlocking(pause) : void application.quit());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, signalled);
}
