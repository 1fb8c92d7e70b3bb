/**
 * Decides which work may run at the same time. Ordinary events share the gate. A check that must not be disturbed, and
 * a restart of the engine, hold it alone. Exclusive work goes before shared work. All work inside must be bounded in
 * time.
 */
export interface Gate {
  shared<Value>(work: () => Promise<Value>): Promise<Value>;
  /** Waits until all shared work is over. Must not be called from inside the gate. */
  alone<Value>(work: () => Promise<Value>): Promise<Value>;
}

export function createGate(): Gate {
  let sharing = 0;
  let taken = false;
  const wantAlone: (() => void)[] = [];
  const wantShared: (() => void)[] = [];
  const next = () => {
    if (taken) return;
    if (wantAlone.length > 0) {
      if (sharing > 0) return;
      taken = true;
      wantAlone.shift()?.();
      return;
    }
    for (const enter of wantShared.splice(0)) {
      sharing++;
      enter();
    }
  };
  const enter = (queue: (() => void)[]) =>
    new Promise<void>((resolve) => {
      queue.push(resolve);
      next();
    });
  return {
    shared: async (work) => {
      await enter(wantShared);
      try {
        return await work();
      } finally {
        sharing--;
        next();
      }
    },
    alone: async (work) => {
      await enter(wantAlone);
      try {
        return await work();
      } finally {
        taken = false;
        next();
      }
    },
  };
}
