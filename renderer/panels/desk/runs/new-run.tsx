/** A new run: what may be chosen, and what the engine says it would use and how long it would take. */
import { useEffect, useState } from 'react';
import {
  BACKENDS,
  backendSchema,
  type CallParameters,
  DEFAULT_BACKEND,
  FRESH_WEIGHTS,
  type PresetName,
  parsePolicyName,
  type RunOptions,
  type RunPlan,
  type RunSpec,
  type Stage,
} from '../../../../main/api/index.ts';
import { call, say } from '../../../engine/engine.ts';
import { CallError } from '../../../engine/engine-client.ts';
import { activeRun, type PolicyEntry, useEngine } from '../../../state/engine-store.ts';
import { Button } from '../../../ui/button.tsx';
import { Choice, Row, Section } from '../../../ui/form.tsx';
import { grouped } from '../../../words/format.ts';
import { algorithmTitle, planBatches, planTakes } from '../../../words/run-words.ts';

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
/** Of each run the newest policy; older ones are chosen in the Episode tab and are then in use. */
const SHOWN_POLICIES = 12;

function newestOfEachRun(policies: readonly PolicyEntry[]): readonly PolicyEntry[] {
  const byRun = new Map(policies.map((policy) => [parsePolicyName(policy.name)?.runId ?? policy.name, policy]));
  return [...byRun.values()].reverse().slice(0, SHOWN_POLICIES);
}

/** What the engine answers, asked again when something that it depends on has changed. */
function useAnswer<Value>(ask: () => Promise<Value>, key: string): Value | undefined {
  const [answer, setAnswer] = useState<Value | undefined>(undefined);
  // The key says when to ask again.
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

/** `goesOn`: no stage was chosen, so an online run follows an offline one by itself. */
function Plan({ plan, goesOn }: { readonly plan: RunPlan; readonly goesOn: boolean }) {
  const counts = useEngine((state) => state.status?.buffers);
  const stepHz = useEngine((state) => 1000 / (state.rig?.periodMs ?? 100));
  const online = plan.spec.stage === 'online';
  return (
    <div className="plan">
      <Row label="Uses">
        {grouped(counts?.demoTransitions ?? 0)} demo{online ? ` and ${grouped(counts?.rlTransitions ?? 0)} RL` : ''}{' '}
        transitions
      </Row>
      {online ? <Row label="Batches">{planBatches(plan)}</Row> : null}
      <p className="muted small">
        {planTakes(plan, stepHz)}
        {goesOn && !online ? ' Then it goes on online by itself.' : ''}
      </p>
      {plan.freshBecause ? <p className="small">Fresh weights: {plan.freshBecause}</p> : null}
      {plan.problem ? (
        <p className="danger-text small">
          {plan.problem.message} {plan.problem.remedy}
        </p>
      ) : null}
    </div>
  );
}

export function NewRun({ onStarted }: { readonly onStarted: (runId: number) => void }) {
  const policies = useEngine((state) => state.policies);
  const inUse = useEngine((state) => state.status?.policy?.name);
  const linked = useEngine((state) => state.link.state === 'open');
  const active = useEngine((state) => activeRun(state.runs)?.id);
  const changed = useEngine(
    (state) => `${state.episodes.length} ${state.runs.map((run) => `${run.id}${run.state}`).join()}`,
  );
  /** Only what was chosen here: the rest is as the engine would do it, and shown as its plan says. */
  const [request, setRequest] = useState<Request>({});
  const options = useAnswer(() => call('run.options', {}), `${linked}`);
  const plan = useAnswer(
    () => call('run.plan', { spec: request }),
    `${linked} ${JSON.stringify(request)} ${inUse} ${changed}`,
  );
  const algorithm = options?.algorithms.find(({ name }) => name === plan?.spec.algorithm);
  const change = (more: Request) => setRequest((before) => ({ ...before, ...more }));
  const lacking = plan?.needs.filter(({ have, need }) => have < need) ?? [];
  const blocked =
    active !== undefined
      ? `Run ${active} is under way: cancel it, or wait until it has finished.`
      : !plan
        ? 'The engine has not answered yet.'
        : plan.problem
          ? `${plan.problem.message} ${plan.problem.remedy}`
          : lacking.length > 0
            ? `Still needed: ${lacking.map(({ have, need, label }) => `${have} of ${need} ${label}`).join(', ')}. Record demonstrations (R), or correct the policy.`
            : undefined;
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
      <label className="labelled">
        <span className="row-label">Algorithm</span>
        <select
          value={plan?.spec.algorithm ?? ''}
          onChange={(event) => {
            const next = options?.algorithms.find(({ name }) => name === event.target.value);
            if (next) change({ algorithm: next.name, preset: 'cell', recipe: undefined });
          }}
        >
          {(options?.algorithms ?? []).map(({ name }) => (
            <option key={name} value={name}>
              {algorithmTitle(name)}
            </option>
          ))}
        </select>
      </label>
      {algorithm && plan ? (
        <Settings algorithm={algorithm} recipes={options?.recipes ?? []} spec={plan.spec} onChange={change} />
      ) : null}
      <Choice label="Stage" value={plan?.spec.stage} options={STAGES} onChange={(stage) => change({ stage })} />
      <label className="labelled">
        <span className="row-label">Start from</span>
        <select
          value={request.startFrom ?? ''}
          onChange={(event) => change({ startFrom: event.target.value === '' ? undefined : event.target.value })}
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
      <label className="labelled">
        <span className="row-label">Computed by</span>
        <select
          value={request.backend ?? DEFAULT_BACKEND}
          onChange={(event) => change({ backend: backendSchema.parse(event.target.value) })}
        >
          {backendSchema.options.map((name) => (
            <option key={name} value={name} title={BACKENDS[name].title}>
              {BACKENDS[name].short}
            </option>
          ))}
        </select>
      </label>
      {request.backend !== undefined && request.backend !== DEFAULT_BACKEND ? (
        <p className="muted small">{BACKENDS[request.backend].remedy}</p>
      ) : null}
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
