/**
 * Builds the window into the folder that its first argument names; the second is the bundler's log level. A process of its own, so
 * that a start never carries the bundler's memory along and a build that fails takes nothing with it.
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
