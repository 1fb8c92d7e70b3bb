/** The comparison of two runs: the choice of the other run, and a table of the settings that differ. */
import { useEffect, useState } from 'react';
import type { RunStatus } from '../../../../main/api/index.ts';
import { call } from '../../../engine/engine.ts';
import { CallError } from '../../../engine/engine-client.ts';
import { algorithmTitle, kindOf } from '../../../words/run-words.ts';
import { differences, type Settings } from './run-differences.ts';

interface CompareWithProps {
  readonly run: RunStatus;
  readonly runs: readonly RunStatus[];
  readonly comparedId: number | undefined;
  readonly onChoose: (runId: number | undefined) => void;
}

export function CompareWith({ run, runs, comparedId, onChoose }: CompareWithProps) {
  const others = runs.filter((one) => one.id !== run.id);
  if (others.length === 0) return null;
  return (
    <label className="labelled">
      <span className="row-label">Compare with</span>
      <select
        value={comparedId ?? ''}
        onChange={(event) => onChoose(event.target.value === '' ? undefined : Number(event.target.value))}
      >
        <option value="">no other run</option>
        {others.map((one) => (
          <option key={one.id} value={one.id}>
            Run {one.id} · {algorithmTitle(one.spec.algorithm)} · {kindOf(one.spec)}
          </option>
        ))}
      </select>
    </label>
  );
}

function useSettings(runId: number): Settings | undefined {
  const [held, setHeld] = useState<{ readonly runId: number; readonly settings: Settings } | undefined>(undefined);
  useEffect(() => {
    let current = true;
    call('run.settings', { runId })
      .then(({ settings }) => {
        if (current) setHeld({ runId, settings });
      })
      .catch((error: unknown) => {
        if (!(error instanceof CallError)) throw error;
      });
    return () => {
      current = false;
    };
  }, [runId]);
  return held?.runId === runId ? held.settings : undefined;
}

export function Differences({ run, compared }: { readonly run: RunStatus; readonly compared: RunStatus }) {
  const [here, there] = [useSettings(run.id), useSettings(compared.id)];
  if (!here || !there) return <p className="muted small">Their settings are being read.</p>;
  const found = differences({ spec: run.spec, settings: here }, { spec: compared.spec, settings: there });
  if (found.length === 0) return <p className="muted small">Their settings are the same.</p>;
  return (
    <table className="differences">
      <thead>
        <tr>
          <th scope="col">Differs</th>
          <th scope="col">Run {run.id}</th>
          <th scope="col">Run {compared.id}</th>
        </tr>
      </thead>
      <tbody>
        {found.map(({ name, here: own, there: other }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{own}</td>
            <td>{other}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
