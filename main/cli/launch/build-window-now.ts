/** Entry of `npm run build`: builds the operator's window from its sources and prints the result. */
import { dirname } from 'node:path';
import { systemClock } from '../../api/clock.ts';
import { buildInChild, buildWindow } from './build-window.ts';

const root = dirname(dirname(dirname(import.meta.dirname)));
const inChild = buildInChild(systemClock, { logLevel: 'info' });
const built = await buildWindow({
  root,
  clock: systemClock,
  say: (line) => console.error(line),
  build: async (target) => {
    const { ok, output } = await inChild(target);
    if (ok) console.log(output.trim());
    return { ok, output };
  },
});
if (built.kind === 'failed') process.exitCode = 1;
