/** One run: its state and what to do next, its numbers and curves, the episodes of its policies, and its buttons. */
import { useMemo, useState } from 'react';
import type { RunStatus } from '../../../../main/api/index.ts';
import { perform } from '../../../commands/actions.ts';
import { tell } from '../../../engine/engine.ts';
import { isUnderWay, useEngine } from '../../../state/engine-store.ts';
import { recordOf } from '../../../state/run-record.ts';
import { Button, KeyCap } from '../../../ui/button.tsx';
import { Progress, Row } from '../../../ui/form.tsx';
import { clockTime, duration, fixed, grouped, withUnit } from '../../../words/format.ts';
import { algorithmTitle, kindOf, runWords } from '../../../words/run-words.ts';
import { BatchMix } from './batch-mix.tsx';
import { CompareWith, Differences } from './comparison.tsx';
import { RoundTable } from './round-table.tsx';
import { RunCharts } from './run-charts.tsx';
import { useCurves } from './use-curves.ts';

interface RunCardProps {
  readonly run: RunStatus;
  readonly open: boolean;
  readonly onOpen: () => void;
}

export function RunCard({ run, open, onOpen }: RunCardProps) {
  const episodes = useEngine((state) => state.episodes);
  const { task } = run.spec;
  const record = useMemo(
    () =>
      recordOf(
        run.id,
        episodes.filter((episode) => episode.task === task),
      ),
    [run.id, task, episodes],
  );
  const words = runWords(run, record);
  const active = isUnderWay(run);
  const fraction = run.steps ? run.step / run.steps : active ? undefined : 1;
  return (
    <article className="run" data-state={run.state}>
      <button type="button" className="run-head" aria-expanded={open} onClick={onOpen}>
        <b>Run {run.id}</b>
        <span className="muted">
          {run.spec.task} · {algorithmTitle(run.spec.algorithm)} · {kindOf(run.spec)}
        </span>
        <span className={`badge ${words.tone === 'plain' ? '' : words.tone}`}>{words.state}</span>
      </button>
      {active ? <Progress fraction={fraction} label="Progress of the run" /> : null}
      {open ? (
        <div className="run-body">
          <div className="run-words">
            <p className={words.tone === 'danger' ? 'danger-text' : ''}>{words.says}</p>
            <p className="muted">{words.next}</p>
          </div>
          <RunPace run={run} />
          <RunButtons run={run} worse={record.verdict === 'worse' && run.state === 'finished'} />
          <RoundTable record={record} />
          <RunCurves run={run} />
          <BatchMix run={run} />
          <RunOrigin run={run} />
        </div>
      ) : null}
    </article>
  );
}

/** Progress, speed and time left. */
function RunPace({ run }: { readonly run: RunStatus }) {
  const active = isUnderWay(run);
  const { actorUpdatesPerStep: actor, criticUpdatesPerStep: critics } = run.metrics;
  return (
    <dl className="pace">
      <div>
        <dt>Updates</dt>
        <dd>
          {grouped(run.step)}
          {run.steps ? <small> of {grouped(run.steps)}</small> : null}
        </dd>
      </div>
      <div>
        <dt>Speed</dt>
        <dd>{withUnit(run.updatesPerSec > 0 ? run.updatesPerSec : undefined, 1, '/s')}</dd>
      </div>
      {critics === undefined ? null : (
        <div title="Critic updates per environment step so far, the update-to-data ratio">
          <dt>UTD</dt>
          <dd>{fixed(critics, 2)}</dd>
        </div>
      )}
      {actor === undefined ? null : (
        <div title="Actor updates per environment step so far">
          <dt>Actor, per step</dt>
          <dd>{fixed(actor, 2)}</dd>
        </div>
      )}
      {active && run.steps ? (
        <div>
          <dt>Time left</dt>
          <dd>{duration(run.secondsLeft)}</dd>
        </div>
      ) : null}
    </dl>
  );
}

function RunOrigin({ run }: { readonly run: RunStatus }) {
  return (
    <div className="facts-grid">
      <Row label="Started">
        {clockTime(run.startedAtMs)}, from {run.spec.startFrom ?? 'fresh weights'}
      </Row>
      {run.policy ? <Row label="Newest policy">{run.policy}</Row> : null}
    </div>
  );
}

function RunButtons({ run, worse }: { readonly run: RunStatus; readonly worse: boolean }) {
  const { policy } = run;
  const active = isUnderWay(run);
  const inUse = useEngine((state) => state.status?.policy?.name === policy && policy !== undefined);
  const { task } = run.spec;
  const otherTask = useEngine((state) => state.rig !== undefined && state.rig.task !== task);
  const elsewhere = otherTask ? `It is a policy for ${task}: choose that task in the Episode tab first.` : undefined;
  if (!active && !policy) return null;
  return (
    <div className="buttons">
      {active ? <Button onClick={() => void tell('run.cancel', { runId: run.id })}>Cancel the run</Button> : null}
      {worse ? (
        <Button kind="strong" onClick={() => perform('revert')}>
          <span>Back to the good one</span>
          <KeyCap keys="B" />
        </Button>
      ) : null}
      {policy ? (
        <Button
          kind={active || worse ? 'plain' : 'strong'}
          blocked={inUse ? 'It drives already.' : elsewhere}
          onClick={() => void tell('policy.use', { name: policy })}
        >
          {inUse ? 'In use' : 'Use this policy'}
        </Button>
      ) : null}
    </div>
  );
}

function RunCurves({ run }: { readonly run: RunStatus }) {
  const runs = useEngine((state) => state.runs);
  const [comparedId, setComparedId] = useState<number | undefined>(undefined);
  const compared = runs.find((one) => one.id === comparedId);
  const curves = useCurves(run);
  const other = useCurves(compared);
  return (
    <>
      <CompareWith {...{ run, runs, comparedId }} onChoose={setComparedId} />
      {compared ? <Differences {...{ run, compared }} /> : null}
      <RunCharts run={run} curves={curves} compared={compared && { run: compared, curves: other }} />
    </>
  );
}
