/** The comparison of two runs: the choice of the other run, and a table of the settings that differ. */
import type { RunStatus } from '../../../../main/api/index.ts';
import { call } from '../../../engine/engine.ts';
import { useAnswer } from '../../../engine/use-answer.ts';
import { Picker } from '../../../ui/form.tsx';
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
    <Picker
      label="Compare with"
      value={`${comparedId ?? ''}`}
      options={[
        { value: '', label: 'no other run' },
        ...others.map(({ id, spec }) => ({
          value: `${id}`,
          label: `Run ${id} · ${algorithmTitle(spec.algorithm)} · ${kindOf(spec)}`,
        })),
      ]}
      onChange={(id) => onChoose(id === '' ? undefined : Number(id))}
    />
  );
}

function useSettings(runId: number): Settings | undefined {
  const ask = async () => ({ runId, ...(await call('run.settings', { runId })) });
  const answer = useAnswer(ask, [runId]);
  return answer?.runId === runId ? answer.settings : undefined;
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
