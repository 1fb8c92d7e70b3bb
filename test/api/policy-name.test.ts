/** Names of published policies: what prints one and what parses it agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicyName, policyNameOf } from '../../main/api/policy.ts';

test('the name of a published policy says its run and step', () => {
  assert.equal(policyNameOf(3, 1200), 'run-3/1200');
  assert.deepEqual(parsePolicyName('run-3/1200'), { runId: 3, step: 1200 });
});

test('other policies have no run', () => {
  for (const name of ['starter', '/folder/run-3/1200', 'run-3', 'run-3/1200/manifest.json', 'run-x/1'])
    assert.equal(parsePolicyName(name), undefined, name);
});
