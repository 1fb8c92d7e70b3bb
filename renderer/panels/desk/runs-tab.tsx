/** Fine-tuning runs: start one, watch it, cancel it, use what it made. */
import { useEffect, useMemo, useState } from 'react';
import type { CallResult, PresetName, RunStatus, Stage } from '../../../main/api/index.ts';
import { missingForFineTune } from '../../actions.ts';
import { type ChartLine, LineChart } from '../../charts/line-chart.tsx';
import { call, say, tell } from '../../engine/engine.ts';
import { CallError } from '../../engine/engine-client.ts';
import { clockTime, duration, fixed, grouped } from '../../format.ts';
import { activeRun, useEngine } from '../../state/engine-store.ts';
import type { ColorToken } from '../../tokens.ts';
import { Button } from '../../ui/button.tsx';
import { Choice, Progress, Row, Section } from '../../ui/form.tsx';

const PRESETS: readonly { readonly value: PresetName; readonly label: string; readonly title: string }[] = [
  { value: 'cell', label: 'Cell', title: 'ConRFT without the Cal-QL term, with a Monte-Carlo floor: the default here' },
  { value: 'paper', label: 'Paper', title: 'As the paper says' },
  { value: 'released-code', label: 'Code', title: 'As the paper’s released code does' },
];
const STAGES: readonly { readonly value: Stage; readonly label: string; readonly title: string }[] = [
  { value: 'offline', label: 'Offline', title: 'From the demonstrations alone' },
  { value: 'online', label: 'Online', title: 'From both buffers, half and half' },
];

/** Which metric goes in which chart, by what its name says; what fits nowhere is listed as a number. */
const CHARTS: readonly { readonly title: string; readonly match: RegExp }[] = [
  { title: 'Loss', match: /loss/i },
  { title: 'Q', match: /(^|[^a-z])q([^a-z]|$)|qMean|qData|target/i },
  { title: 'Bound, floor, saturation', match: /bound|floor|saturat/i },
  { title: 'Updates', match: /updates|utd/i },
];
const COLORS: readonly { readonly color: ColorToken; readonly dashed: boolean }[] = [
  { color: 'text', dashed: false },
  { color: 'muted', dashed: false },
  { color: 'text', dashed: true },
  { color: 'muted', dashed: true },
];

type Series = CallResult<'run.metrics'>['series'];

function useMetrics(run: RunStatus | undefined): Series {
  const [series, setSeries] = useState<Series>({});
  const id = run?.id;
  // Asked again as the run moves on, at most once per hundred updates.
  const moved = run ? `${run.state} ${Math.floor(run.step / 100)}` : '';
  useEffect(() => {
    if (id === undefined || moved === '') return;
    let current = true;
    call('run.metrics', { runId: id })
      .then((answer) => {
        if (current) setSeries(answer.series);
      })
      .catch((error: unknown) => {
        if (!(error instanceof CallError)) throw error;
      });
    return () => {
      current = false;
    };
  }, [id, moved]);
  return series;
}

function Charts({ series }: { readonly series: Series }) {
  const charts = useMemo(
    () =>
      CHARTS.map((chart) => {
        const names = Object.keys(series).filter((name) => CHARTS.find((one) => one.match.test(name)) === chart);
        const lines: ChartLine[] = names.slice(0, 4).map((name, index) => ({
          label: name,
          ...(COLORS[index] ?? { color: 'muted', dashed: false }),
          points: series[name] ?? [],
        }));
        return { title: chart.title, lines };
      }).filter((chart) => chart.lines.length > 0),
    [series],
  );
  return charts.map((chart) => <LineChart key={chart.title} title={chart.title} lines={chart.lines} />);
}

const STATE_SAYS = {
  waiting: 'waiting',
  running: 'running',
  finished: 'finished',
  cancelled: 'cancelled',
  failed: 'failed',
} as const;

function RunCard({
  run,
  open,
  onOpen,
}: {
  readonly run: RunStatus;
  readonly open: boolean;
  readonly onOpen: () => void;
}) {
  const series = useMetrics(open ? run : undefined);
  const active = run.state === 'running' || run.state === 'waiting';
  const inUse = useEngine((state) => state.status?.policy?.name === run.policy && run.policy !== undefined);
  const fraction = run.steps ? run.step / run.steps : active ? undefined : 1;
  return (
    <article className="run" data-state={run.state}>
      <button type="button" className="run-head" aria-expanded={open} onClick={onOpen}>
        <b>Run {run.id}</b>
        <span className="muted">
          {run.spec.stage} · {run.spec.preset} · {clockTime(run.startedAtMs)}
        </span>
        <span className={`badge ${run.state === 'failed' ? 'danger' : run.state === 'finished' ? 'success' : ''}`}>
          {STATE_SAYS[run.state]}
        </span>
      </button>
      {active ? <Progress fraction={fraction} label="Progress of the run" /> : null}
      {open ? (
        <div className="run-body">
          {run.message ? (
            <p className={run.state === 'failed' ? 'danger-text' : ''}>
              {run.message} {run.remedy ?? ''}
            </p>
          ) : null}
          <div className="facts-grid">
            <Row label="Updates">
              {grouped(run.step)}
              {run.steps ? ` of ${grouped(run.steps)}` : ''}
            </Row>
            <Row label="Speed">{fixed(run.updatesPerSec, 1)} /s</Row>
            {active ? <Row label="Time left">{duration(run.secondsLeft)}</Row> : null}
            {run.policy ? <Row label="Newest policy">{run.policy}</Row> : null}
          </div>
          <Charts series={series} />
          <div className="buttons two">
            {active ? <Button onClick={() => void tell('run.cancel', { runId: run.id })}>Cancel the run</Button> : null}
            {run.policy ? (
              <Button
                kind={active ? 'plain' : 'strong'}
                blocked={inUse ? 'It drives already.' : undefined}
                onClick={() => run.policy && void tell('policy.use', { name: run.policy })}
              >
                {inUse ? 'In use' : 'Use this policy'}
              </Button>
            ) : null}
          </div>
        </div>
      ) : null}
    </article>
  );
}

export function RunsTab() {
  const runs = useEngine((state) => state.runs);
  const missing = useEngine(missingForFineTune);
  const counts = useEngine((state) => state.status?.buffers);
  const [preset, setPreset] = useState<PresetName>('cell');
  const [stage, setStage] = useState<Stage>('online');
  const [opened, setOpened] = useState<number | undefined>(undefined);
  const active = activeRun(runs);
  const shown = opened ?? active?.id ?? runs[0]?.id;
  const start = async () => {
    try {
      const { runId } = await call('run.start', { spec: { preset, stage } });
      setOpened(runId);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      say('error', error.message, error.remedy);
    }
  };
  const blocked = active
    ? 'A run is under way.'
    : stage === 'online' && missing
      ? `Still needed: ${missing}`
      : undefined;
  return (
    <>
      <Section title="New run">
        <Choice label="Stage" value={stage} options={STAGES} onChange={setStage} />
        <Choice label="Preset" value={preset} options={PRESETS} onChange={setPreset} />
        <p className="muted small">{PRESETS.find((one) => one.value === preset)?.title}.</p>
        <p className="muted small">
          Uses {grouped(counts?.demoTransitions ?? 0)} demo
          {stage === 'online' ? ` and ${grouped(counts?.rlTransitions ?? 0)} RL` : ''} transitions. The loop stays
          smooth; the newer policy takes the next episode as a candidate.
        </p>
        <div className="buttons">
          <Button kind="strong" blocked={blocked} onClick={() => void start()}>
            Start the run
          </Button>
        </div>
        {blocked ? <p className="muted small">{blocked}</p> : null}
      </Section>
      <Section title="Runs">
        {runs.length === 0 ? <p className="muted">No run yet. What you correct becomes a better policy here.</p> : null}
        {runs.map((run) => (
          <RunCard
            key={run.id}
            run={run}
            open={run.id === shown}
            onOpen={() => setOpened(run.id === shown ? -1 : run.id)}
          />
        ))}
      </Section>
    </>
  );
}
