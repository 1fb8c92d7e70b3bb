/**
 * Entry of the shell, run by Electron: directly in a source tree (its Node strips the types), as dist/electron/main.js when packaged.
 * Composition only. Never loads the engine's native libraries: the engine is a child process under the pinned Node.
 */
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { app } from 'electron';
import { systemClock } from '../main/api/clock.ts';
import { startApplication } from './application.ts';
import { HANDED_OVER_EXIT_CODE, parseShellRequest, readHandedOver } from './arguments.ts';
import { findEngine, launchEngine } from './child.ts';
import { createElectronShell } from './electron-shell.ts';
import { createEngineProcess } from './engine-process.ts';
import { readState, writeState } from './window-state.ts';

const PRODUCT = 'Takeover';
const root = dirname(import.meta.dirname);

app.setName(PRODUCT);
app.enableSandbox();

const request = parseShellRequest(process.argv.slice(1), process.env);
if (app.requestSingleInstanceLock(request.engineUrl ? { engineUrl: request.engineUrl } : {})) {
  // Not awaited here: Electron becomes ready only after this module has been evaluated.
  void app.whenReady().then(run);
} else {
  app.exit(HANDED_OVER_EXIT_CODE);
}

function run(): void {
  const macOs = process.platform === 'darwin';
  const stateFile = join(app.getPath('userData'), 'shell.json');
  const logFile = join(app.getPath('logs'), 'engine.log');
  const iconPath = join(root, 'electron', 'icon.png');
  const engineAt = findEngine(app.isPackaged ? join(process.resourcesPath, 'engine') : root, app.isPackaged);

  // In a source tree the engine's own default serves; the packaged program's folder cannot be written to.
  const usualFolder = app.isPackaged ? join(app.getPath('documents'), PRODUCT) : undefined;

  mkdirSync(dirname(logFile), { recursive: true });
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
  const log = createWriteStream(logFile, { mode: 0o600 });
  log.on('error', (error) => console.error(`The engine's log cannot be written to ${logFile}: ${error.message}`));

  const application = startApplication({
    shell: createElectronShell({ macOs, iconPath: existsSync(iconPath) ? iconPath : undefined }),
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
        log: (line) => log.write(`${line}\n`),
      }),
    logFile,
    loadState: () => readState(existsSync(stateFile) ? readFileSync(stateFile, 'utf8') : undefined),
    saveState: (state) => {
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
  // Quitting from the menu, the dock or the system: the engine first.
  app.on('before-quit', (event) => {
    event.preventDefault();
    void application.quit();
  });
  app.on('window-all-closed', () => void application.quit());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void application.quit());
}
