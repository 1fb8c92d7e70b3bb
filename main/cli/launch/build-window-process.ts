/**
 * Builds the window into the folder named by its first argument; the second is the bundler's log level. It runs in its
 * own process, so that a start does not keep the bundler's memory and survives a failed build.
 */
import { resolve } from 'node:path';
import { build } from 'vite';

const [target, logLevel] = process.argv.slice(2);
if (target === undefined) throw new Error('Expected the folder to build into as the first argument.');
const renderer = resolve(import.meta.dirname, '../../../renderer');
try {
  await build({
    root: renderer,
    configFile: resolve(renderer, 'vite.config.ts'),
    logLevel: logLevel === 'info' ? 'info' : 'warn',
    build: { outDir: resolve(target), emptyOutDir: true },
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
