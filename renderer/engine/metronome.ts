/** Beats that go on while the window is hidden: the heartbeat and the puck's repeats depend on them. */
export interface Metronome {
  onBeat(listener: () => void): void;
  dispose(): void;
}

export function createMetronome(periodMs: number): Metronome {
  const listeners = new Set<() => void>();
  const worker = new Worker(new URL('./metronome-worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = () => {
    for (const listener of listeners) listener();
  };
  worker.postMessage(periodMs);
  return { onBeat: (listener) => listeners.add(listener), dispose: () => worker.terminate() };
}
