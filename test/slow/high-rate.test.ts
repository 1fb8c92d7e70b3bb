/** The recipe `high-rate` learns in the cell: flow matching in chunks solves insertions by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastLine, takeover } from '../cli/takeover-child.ts';
import { removeFolder, temporaryFolder } from '../data/fixture.ts';

test('high-rate: flow matching in chunks solves insertions by itself', async (t) => {
  const folder = temporaryFolder();
  t.after(() => removeFolder(folder));
  await takeover('demo', '--episodes', '10', '--observation', 'state', '--data', folder, '--json');
  const state = ['--observation', 'state', '--data', folder, '--json'];
  const trained = lastLine(await takeover('finetune', '--recipe', 'high-rate', '--steps', '800', ...state));
  assert.equal(trained['checkpoint'], 'run-1/800');
  const line = lastLine(
    await takeover('evaluate', '--policy', 'run-1/800', '--episodes', '6', '--noise', '0', '--data', folder, '--json'),
  );
  assert.ok(Number(line['successes']) >= 2, `solved ${line['successes']} of 6`);
});
