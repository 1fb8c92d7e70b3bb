/** Functions to call when something happens. Each `add` returns the function that removes its listener. */

export interface Listeners<Value> {
  add(listener: (value: Value) => void): () => void;
  /** Calls every listener, in the order in which they were added. */
  tell(value: Value): void;
  isEmpty(): boolean;
}

export function createListeners<Value>(): Listeners<Value> {
  const listeners = new Set<(value: Value) => void>();
  return {
    add: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    tell: (value) => {
      for (const listener of listeners) listener(value);
    },
    isEmpty: () => listeners.size === 0,
  };
}
