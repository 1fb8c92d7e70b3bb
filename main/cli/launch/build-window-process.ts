/**
 * Builds the window into the folder that its one argument names; a process of its own, so that a start never carries the bundler's
 * memory along and a build that fails takes nothing with it.
 */
import { resolve } from 'node:path';
import { build } from 'vite';

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('Expected one argument: the folder to build into.');
const renderer = resolve(import.meta.dirname, '../../../renderer');
try {
  await build({
    root: renderer,
    configFile: resolve(renderer, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: resolve(target), emptyOutDir: true },
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
