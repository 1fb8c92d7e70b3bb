/** The form of a new run: a person's choices, and the plan that the engine makes of them. */
import { useEffect, useState } from 'react';
import {
  BACKENDS,
  backendSchema,
  type CallParameters,
  DEFAULT_BACKEND,
  FRESH_WEIGHTS,
  type PresetName,
  type RunOptions,
  type RunSpec,
  type Stage,
} from '../../../../main/api/index.ts';
import { call, say } from '../../../engine/engine.ts';
import { CallError } from '../../../engine/engine-client.ts';
import { activeRun, type PolicyEntry, useEngine } from '../../../state/engine-store.ts';
import { useSame } from '../../../state/same.ts';
import { Button } from '../../../ui/button.tsx';
import { Choice, Section } from '../../../ui/form.tsx';
import { algorithmTitle } from '../../../words/run-words.ts';
import { Plan, whyBlocked } from './plan.tsx';

type Request = NonNullable<CallParameters<'run.plan'>['spec']>;
type Algorithm = RunOptions['algorithms'][number];

const STAGES: readonly { readonly value: Stage; readonly label: string; readonly title: string }[] = [
  {
    value: 'offline',
    label: 'Offline',
    title: 'From the demonstrations and corrections alone, a fixed number of updates',
  },
  { value: 'online', label: 'Online', title: 'From both buffers, as you go on driving and correcting' },
];
const PRESETS: readonly { readonly value: PresetName; readonly label: string; readonly title: string }[] = [
  { value: 'cell', label: 'Cell', title: 'What was found to work in the simulated cell' },
  { value: 'paper', label: 'Paper', title: 'As the paper says' },
  { value: 'released-code', label: 'Code', title: 'As the paper’s released code does' },
];
/**
 * Number of policies to start from that are listed: the newest of each run. Older ones are chosen in the Episode tab.
 */
const SHOWN_POLICIES = 12;

function newestOfEachRun(policies: readonly PolicyEntry[]): readonly PolicyEntry[] {
  const byRun = new Map(policies.map((policy) => [policy.name.split('/')[0], policy]));
  return [...byRun.values()].reverse().slice(0, SHOWN_POLICIES);
}

/** Returns the engine's answer. Asks again when the content of `causes` has changed. */
function useAnswer<Value>(ask: () => Promise<Value>, causes: readonly unknown[]): Value | undefined {
  const [answer, setAnswer] = useState<Value | undefined>(undefined);
  const key = useSame(causes);
  useEffect(() => {
    let current = true;
    ask()
      .then((value) => {
        if (current) setAnswer(value);
      })
      .catch((error: unknown) => {
        if (!(error instanceof CallError)) throw error;
        if (current && !error.linkLost) say('error', error.message, error.remedy);
      });
    return () => {
      current = false;
    };
  }, [key]);
  return answer;
}

function Settings({
  algorithm,
  recipes,
  spec,
  onChange,
}: {
  readonly algorithm: Algorithm;
  readonly recipes: RunOptions['recipes'];
  readonly spec: RunSpec;
  readonly onChange: (change: Request) => void;
}) {
  const own = recipes.filter((recipe) => recipe.algorithm === algorithm.name);
  return (
    <>
      <Choice
        label="Preset"
        value={spec.recipe ? undefined : spec.preset}
        options={PRESETS.filter(({ value }) => algorithm.presets.includes(value))}
        onChange={(value) => onChange({ preset: value, recipe: undefined })}
      />
      {own.length > 0 ? (
        <select
          aria-label="Recipe"
          value={spec.recipe ?? ''}
          onChange={(event) => {
            const recipe = own.find(({ name }) => name === event.target.value);
            onChange(recipe ? { recipe: recipe.name, preset: recipe.preset } : { recipe: undefined });
          }}
        >
          <option value="">No recipe: the preset’s settings</option>
          {own.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      ) : null}
    </>
  );
}

interface PickProps {
  readonly request: Request;
  readonly onChange: (change: Request) => void;
}

function StartFrom({ request, onChange }: PickProps) {
  const policies = useEngine((state) => state.policies);
  const inUse = useEngine((state) => state.status?.policy?.name);
  return (
    <label className="labelled">
      <span className="row-label">Start from</span>
      <select
        value={request.startFrom ?? ''}
        onChange={(event) => onChange({ startFrom: event.target.value === '' ? undefined : event.target.value })}
      >
        <option value="">{inUse === undefined ? 'No policy is in use' : `${inUse}, in use now`}</option>
        {newestOfEachRun(policies)
          .filter(({ name }) => name !== inUse)
          .map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        <option value={FRESH_WEIGHTS}>fresh weights</option>
      </select>
    </label>
  );
}

function ComputedBy({ request, onChange }: PickProps) {
  const backend = request.backend ?? DEFAULT_BACKEND;
  return (
    <>
      <label className="labelled">
        <span className="row-label">Computed by</span>
        <select value={backend} onChange={(event) => onChange({ backend: backendSchema.parse(event.target.value) })}>
          {backendSchema.options.map((name) => (
            <option key={name} value={name} title={BACKENDS[name].title}>
              {BACKENDS[name].short}
            </option>
          ))}
        </select>
      </label>
      {backend === DEFAULT_BACKEND ? null : <p className="muted small">{BACKENDS[backend].remedy}</p>}
    </>
  );
}

function AlgorithmChoice({
  algorithms,
  chosen,
  onChange,
}: {
  readonly algorithms: readonly Algorithm[];
  readonly chosen: Algorithm['name'] | undefined;
  readonly onChange: (change: Request) => void;
}) {
  return (
    <label className="labelled">
      <span className="row-label">Algorithm</span>
      <select
        value={chosen ?? ''}
        onChange={(event) => {
          const next = algorithms.find(({ name }) => name === event.target.value);
          if (next) onChange({ algorithm: next.name, preset: 'cell', recipe: undefined });
        }}
      >
        {algorithms.map(({ name }) => (
          <option key={name} value={name}>
            {algorithmTitle(name)}
          </option>
        ))}
      </select>
    </label>
  );
}

export function NewRun({ onStarted }: { readonly onStarted: (runId: number) => void }) {
  const inUse = useEngine((state) => state.status?.policy?.name);
  const linked = useEngine((state) => state.link.state === 'open');
  const active = useEngine((state) => activeRun(state.runs)?.id);
  const changed = useEngine(
    (state) => `${state.episodes.length} ${state.runs.map((run) => `${run.id}${run.state}`).join()}`,
  );
  /** Holds only what was chosen here. The engine fills in the rest, and its plan shows it. */
  const [request, setRequest] = useState<Request>({});
  const options = useAnswer(() => call('run.options', {}), [linked]);
  const plan = useAnswer(() => call('run.plan', { spec: request }), [linked, request, inUse, changed]);
  const algorithms = options?.algorithms ?? [];
  const algorithm = algorithms.find(({ name }) => name === plan?.spec.algorithm);
  const change = (more: Request) => setRequest((before) => ({ ...before, ...more }));
  const blocked = whyBlocked(plan, active);
  const start = async () => {
    try {
      const { runId } = await call('run.start', { spec: request });
      onStarted(runId);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      say('error', error.message, error.remedy);
    }
  };
  return (
    <Section title="New run">
      <AlgorithmChoice algorithms={algorithms} chosen={plan?.spec.algorithm} onChange={change} />
      {algorithm && plan ? (
        <Settings algorithm={algorithm} recipes={options?.recipes ?? []} spec={plan.spec} onChange={change} />
      ) : null}
      <Choice label="Stage" value={plan?.spec.stage} options={STAGES} onChange={(stage) => change({ stage })} />
      <StartFrom request={request} onChange={change} />
      <ComputedBy request={request} onChange={change} />
      {plan ? <Plan plan={plan} goesOn={request.stage === undefined} /> : null}
      <div className="buttons">
        <Button kind="strong" blocked={blocked} onClick={() => void start()}>
          Start the run
        </Button>
      </div>
      {blocked && !plan?.problem ? <p className="muted small">{blocked}</p> : null}
    </Section>
  );
}
