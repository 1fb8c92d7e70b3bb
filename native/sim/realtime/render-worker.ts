/** The live cell's render thread: draws the camera pictures and tactile pads of the poses and readings in a request. */
import { parentPort } from 'node:worker_threads';
import { createEyes, createSkin } from '../snapshot.ts';
import type { FromRender, ToRender } from './worker-messages.ts';

if (!parentPort) throw new Error('render-worker.ts is the entry of a worker thread; open a realtime cell instead');
const port = parentPort;
const eyes = createEyes();
const skin = createSkin();

port.on('message', ({ id, poses, readings, seed }: ToRender) => {
  const frames = eyes.look(poses);
  const tactile = skin.feel(poses, readings, seed);
  const answer: FromRender = { kind: 'picture', id, frames, tactile };
  // The pictures' memory is made by `draw` and never shared, so it can be handed over.
  port.postMessage(
    answer,
    frames.map(({ rgb }) => rgb.buffer as ArrayBuffer),
  );
});
port.postMessage({ kind: 'ready' } satisfies FromRender);
