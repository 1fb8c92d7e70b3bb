/** Equality by content of plain data, so that an answer with the same content renders and asks nothing anew. */
import { useRef } from 'react';

/** A property that is `undefined` counts as absent, as in JSON. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return Object.keys({ ...a, ...b }).every((key) => isSame(Reflect.get(a, key), Reflect.get(b, key)));
}

/** Returns the earlier value as long as its content is the same. */
export function useSame<Value>(value: Value): Value {
  const known = useRef(value);
  if (!isSame(known.current, value)) known.current = value;
  return known.current;
}

/** Wraps a selector of a store: its result is the earlier object as long as its content is the same. */
export function useSelection<State, Value>(select: (state: State) => Value): (state: State) => Value {
  const known = useRef<{ readonly value: Value } | undefined>(undefined);
  return (state) => {
    const value = select(state);
    if (!known.current || !isSame(known.current.value, value)) known.current = { value };
    return known.current.value;
  };
}
