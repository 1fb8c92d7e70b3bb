/** A timer that goes on while the window is hidden, for the heartbeat and the repeats of a held puck. */
export function createMetronome(periodMs: number) {
  const listeners = new Set<() => void>();
  const worker = new Worker(new URL('./metronome-worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = () => {
    for (const listener of listeners) listener();
  };
  worker.postMessage(periodMs);
  return { onBeat: (listener: () => void) => void listeners.add(listener) };
}
