/** The table of `takeover compare` from the sessions kept in `test/slow/comparison.jsonl`; nothing is run. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const ARGS = ['compare', '--table-only', '--markdown', '--results', join(ROOT, 'test/slow/comparison.jsonl')];

export function run(): { readonly name: string; readonly note: string; readonly table: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'main/cli/takeover.ts'), ...ARGS], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`takeover compare failed: ${stderr.slice(-500)}`);
  const lines = stdout.split('\n').filter((line) => line.startsWith('|'));
  if (lines.length < 3) throw new Error(`takeover compare printed no table: ${stdout.slice(0, 500)}`);
  const table = lines.join('\n');
  const note =
    'Alone: success on 100 report seeds per training seed, without acting noise (HIL-SERL and RLPD draw their actions), with the ' +
    '95 % interval of all episodes, then each training seed. By hand: the mean share of steps that the scripted operator drove. ' +
    'Minutes are those of one of two sessions side by side. Reward and the end of an episode come from the simulator.';
  return { name: 'comparison', note, table };
}
