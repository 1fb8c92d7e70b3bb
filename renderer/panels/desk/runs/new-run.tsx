/** The form of a new run: a person's choices, and the plan that the engine makes of them. */
import { useState } from 'react';
import {
  BACKENDS,
  backendSchema,
  type CallParameters,
  DEFAULT_BACKEND,
  FRESH_WEIGHTS,
  type PresetName,
  parsePolicyName,
  type RunOptions,
  type RunSpec,
  type Stage,
} from '../../../../main/api/index.ts';
import { call, showRefusal } from '../../../engine/engine.ts';
import { useAnswer } from '../../../engine/use-answer.ts';
import { activeRun, type PolicyEntry, useEngine } from '../../../state/engine-store.ts';
import { useSelection } from '../../../state/same.ts';
import { Button } from '../../../ui/button.tsx';
import { Choice, type Option, Picker, Section, Select } from '../../../ui/form.tsx';
import { algorithmTitle } from '../../../words/run-words.ts';
import { Plan, whyBlocked } from './plan.tsx';

type Request = NonNullable<CallParameters<'run.plan'>['spec']>;
type Algorithm = RunOptions['algorithms'][number];

const STAGES: readonly Option<Stage>[] = [
  {
    value: 'offline',
    label: 'Offline',
    title: 'From the demonstrations and corrections alone, a fixed number of updates',
  },
  { value: 'online', label: 'Online', title: 'From both buffers, as you go on driving and correcting' },
];
const PRESETS: readonly Option<PresetName>[] = [
  { value: 'cell', label: 'Cell', title: 'What was found to work in the simulated cell' },
  { value: 'paper', label: 'Paper', title: 'As the paper says' },
  { value: 'released-code', label: 'Code', title: 'As the paper’s released code does' },
];
/**
 * Number of policies to start from that are listed: the newest of each run. Older ones are chosen in the Episode tab.
 */
const SHOWN_POLICIES = 12;

function newestOfEachRun(policies: readonly PolicyEntry[]): readonly PolicyEntry[] {
  const byRun = new Map(policies.map((policy) => [parsePolicyName(policy.name)?.runId ?? policy.name, policy]));
  return [...byRun.values()].reverse().slice(0, SHOWN_POLICIES);
}

interface SettingsProps {
  readonly algorithm: Algorithm;
  readonly recipes: RunOptions['recipes'];
  readonly spec: RunSpec;
  readonly onChange: (change: Request) => void;
}

function Settings({ algorithm, recipes, spec, onChange }: SettingsProps) {
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
        <Select
          label="Recipe"
          value={spec.recipe ?? ''}
          options={[
            { value: '', label: 'No recipe: the preset’s settings' },
            ...own.map(({ name, title }) => ({ value: name, label: title })),
          ]}
          onChange={(chosen) => {
            const recipe = own.find(({ name }) => name === chosen);
            onChange(recipe ? { recipe: recipe.name, preset: recipe.preset } : { recipe: undefined });
          }}
        />
      ) : null}
    </>
  );
}

interface PickProps {
  readonly request: Request;
  readonly onChange: (change: Request) => void;
}

function StartFrom({ request, onChange }: PickProps) {
  const policies = useEngine(useSelection((state) => state.policies.filter((one) => one.task === state.rig?.task)));
  const inUse = useEngine((state) => state.status?.policy?.name);
  const others = newestOfEachRun(policies).filter(({ name }) => name !== inUse);
  return (
    <Picker
      label="Start from"
      value={request.startFrom ?? ''}
      options={[
        { value: '', label: inUse === undefined ? 'No policy is in use' : `${inUse}, in use now` },
        ...others.map(({ name }) => ({ value: name, label: name })),
        { value: FRESH_WEIGHTS, label: 'fresh weights' },
      ]}
      onChange={(name) => onChange({ startFrom: name === '' ? undefined : name })}
    />
  );
}

const BACKEND_OPTIONS = backendSchema.options.map((value) => {
  const { short, title } = BACKENDS[value];
  return { value, label: short, title };
});

function ComputedBy({ request, onChange }: PickProps) {
  const backend = request.backend ?? DEFAULT_BACKEND;
  return (
    <>
      <Picker
        label="Computed by"
        value={backend}
        options={BACKEND_OPTIONS}
        onChange={(name) => onChange({ backend: backendSchema.parse(name) })}
      />
      {backend === DEFAULT_BACKEND ? null : <p className="muted small">{BACKENDS[backend].remedy}</p>}
    </>
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
  const refused = (error: unknown) => showRefusal(error, 'silent');
  const options = useAnswer(() => call('run.options', {}), [linked], refused);
  const plan = useAnswer(() => call('run.plan', { spec: request }), [linked, request, inUse, changed], refused);
  const algorithms = options?.algorithms ?? [];
  const algorithm = algorithms.find(({ name }) => name === plan?.spec.algorithm);
  const change = (more: Request) => setRequest((before) => ({ ...before, ...more }));
  const blocked = whyBlocked(plan, active);
  const start = async () => {
    try {
      const { runId } = await call('run.start', { spec: request });
      onStarted(runId);
    } catch (error) {
      showRefusal(error, 'error');
    }
  };
  return (
    <Section title="New run">
      <Picker
        label="Algorithm"
        value={plan?.spec.algorithm ?? ''}
        options={algorithms.map(({ name }) => ({ value: name, label: algorithmTitle(name) }))}
        onChange={(name) => {
          const next = algorithms.find((one) => one.name === name);
          if (next) change({ algorithm: next.name, preset: 'cell', recipe: undefined });
        }}
      />
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
