/** Errors keep their remedy on the way out of a worker thread. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { errorInWords, errorOfThread } from '../../main/api/error-words.ts';

const WORDS = new URL('../../main/api/error-words.ts', import.meta.url).href;

test('an error that ends a thread keeps its remedy', async () => {
  const code = `import { RemediedError } from ${JSON.stringify(WORDS)}; throw new RemediedError('It broke', 'Mend it.');`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const [error] = await once(worker, 'error');
  assert.equal(errorInWords(errorOfThread(error)), 'It broke. Mend it.');
});

test('what is no error becomes one, and an error without a remedy stays as it is', () => {
  const plain = new Error('It broke.');
  assert.equal(errorOfThread(plain), plain);
  assert.equal(errorInWords(errorOfThread('gone')), 'gone');
});
