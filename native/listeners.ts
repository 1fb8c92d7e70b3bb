/** Keeps functions that are called with every new value. */
export function createListeners<Value>() {
  const listeners = new Set<(value: Value) => void>();
  return {
    /** Adds a listener. Returns a function that removes it. */
    add: (listener: (value: Value) => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell: (value: Value): void => {
      for (const listener of listeners) listener(value);
    },
  };
}
