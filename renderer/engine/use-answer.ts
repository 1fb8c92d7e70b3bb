/** An answer of the engine as React state. */
import { useEffect, useState } from 'react';
import { useSame } from '../state/same.ts';
import { ignoreRefusal } from './engine-client.ts';

/**
 * Returns the newest answer. Asks again when the content of `causes` changes; `ask` may return `undefined` to ask nothing.
 * An answer to an earlier question that comes late is dropped.
 */
export function useAnswer<Value>(
  ask: () => Promise<Value> | undefined,
  causes: readonly unknown[],
  refused: (error: unknown) => void = ignoreRefusal,
): Value | undefined {
  const [answer, setAnswer] = useState<Value | undefined>(undefined);
  const key = useSame(causes);
  useEffect(() => {
    let current = true;
    ask()
      ?.then((value) => current && setAnswer(value))
      .catch((error: unknown) => (current ? refused(error) : ignoreRefusal(error)));
    return () => {
      current = false;
    };
  }, [key]);
  return answer;
}
