/**
 * Stands for Electron in a plain Node process: `node --import THIS electron/main.ts`. It notes every call and answers
 * with something that can be called again. Once the shell has started, it prints the calls as one JSON array.
 */
import { registerHooks } from 'node:module';

const calls = [];
const end = (code) => {
  console.log(JSON.stringify(calls));
  process.exit(code);
};
const answers = {
  'app.commandLine.hasSwitch': (name) => process.argv.includes(`--${name}`),
  'app.requestSingleInstanceLock': () => true,
  'app.whenReady': () => Promise.resolve(),
  'app.getPath': () => process.env.FAKE_ELECTRON_FOLDER,
  'app.getVersion': () => '9.8.7',
  'app.exit': end,
  // This is the last call of the entry.
  'app.on': (event) => event === 'window-all-closed' && setImmediate(end, 0),
  'screen.getPrimaryDisplay': () => ({ id: 1, workArea: { x: 0, y: 0, width: 1920, height: 1080 } }),
  'screen.getAllDisplays': () => [],
};

function standIn(path) {
  return new Proxy(() => {}, {
    get: (_target, name) => {
      if (path === 'app' && name === 'isPackaged') return false;
      // The answer is neither a promise nor printable.
      return typeof name === 'symbol' || name === 'then' || name === 'toJSON' ? undefined : standIn(`${path}.${name}`);
    },
    apply: (_target, _self, given) => {
      calls.push([path, ...given.filter((value) => typeof value !== 'function')]);
      return answers[path] ? answers[path](...given) : standIn(`${path}()`);
    },
    construct: (_target, given) => {
      calls.push([`new ${path}`, ...given]);
      return standIn(`a${path}`);
    },
  });
}
globalThis.electronStandIn = standIn;

const NAMES = ['app', 'BrowserWindow', 'dialog', 'Menu', 'screen', 'session', 'shell', 'crashReporter'];
const source = NAMES.map((name) => `export const ${name} = globalThis.electronStandIn('${name}');`).join('\n');
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron'
      ? { url: `data:text/javascript,${encodeURIComponent(source)}`, shortCircuit: true }
      : next(specifier, context),
});
