export type Listeners<Value> = ReturnType<typeof createListeners<Value>>;

/** Functions to call when something happens. Each `add` returns the function that removes its listener. */
export function createListeners<Value>() {
  const listeners = new Set<(value: Value) => void>();
  return {
    add: (listener: (value: Value) => void) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    /** Calls every listener, in the order in which they were added. */
    tell: (value: Value) => {
      for (const listener of listeners) listener(value);
    },
    isEmpty: () => listeners.size === 0,
  };
}
