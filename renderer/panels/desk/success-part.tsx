/** Who says when a task is solved: labels by hand, the classifier trained on them, its held-out record, and the threshold. */
import { useEffect, useMemo, useState } from 'react';
import {
  accuracyOf,
  type ClassifierManifest,
  type CurvePoint,
  curvePointAt,
  precisionOf,
  recallOf,
  type SuccessBy,
  type SuccessGuard,
  type SuccessSettings,
} from '../../../main/api/index.ts';
import { SHARES } from '../../charts/axis-range.ts';
import { type ChartLine, LineChart } from '../../charts/line-chart.tsx';
import { tell } from '../../engine/engine.ts';
import { useEngine } from '../../state/engine-store.ts';
import { ActionButton, Button } from '../../ui/button.tsx';
import { Choice, NumberField, Progress, Row } from '../../ui/form.tsx';
import { clockTime, grouped } from '../../words/format.ts';
import { MomentLabels } from './moment-labels.tsx';
import { LabelCounters } from './success-bar.tsx';

const JUDGES: readonly { readonly value: SuccessBy; readonly label: string; readonly title: string }[] = [
  { value: 'simulator', label: 'Simulator', title: 'The cell knows when the task is solved' },
  { value: 'classifier', label: 'Classifier', title: 'The classifier ends the episode; your verdict still wins' },
  { value: 'human', label: 'You', title: 'Only Enter ends an episode as a success' },
];
const GUARD_WORDS: Readonly<Record<keyof SuccessGuard, string>> = {
  toolHeightLowM: 'Tool at least this high',
  toolHeightHighM: 'Tool at most this high',
  gripperLowM: 'Finger at least this far out',
  gripperHighM: 'Finger at most this far out',
};
const GUARD_KEYS = ['toolHeightLowM', 'toolHeightHighM', 'gripperLowM', 'gripperHighM'] as const;

function Judge({ settings }: { readonly settings: SuccessSettings }) {
  const simulated = useEngine((state) => state.rig?.simulated ?? false);
  const inUse = useEngine((state) => state.classifier?.inUse);
  const change = (to: Partial<SuccessSettings>) => tell('settings.set', { success: { ...settings, ...to } });
  return (
    <>
      <Choice
        label="Who ends an episode as a success"
        value={settings.by}
        options={JUDGES.filter(({ value }) => simulated || value !== 'simulator')}
        onChange={(by) => void change({ by })}
      />
      <p className="muted small">
        {JUDGES.find(({ value }) => value === settings.by)?.title}, from the next episode on.
        {settings.by !== 'classifier' && inUse ? ` ${inUse} looks on.` : ''}
      </p>
      <NumberField
        label="Ticks in a row"
        unit=""
        value={settings.ticks}
        low={1}
        high={20}
        decimals={0}
        onCommit={(ticks) => change({ ticks })}
      />
      {GUARD_KEYS.map((key) => {
        const limit = settings.guard[key];
        return limit === undefined ? null : (
          <NumberField
            key={key}
            label={GUARD_WORDS[key]}
            unit="mm"
            value={1000 * limit}
            low={0}
            high={1000}
            decimals={0}
            onCommit={(mm) => change({ guard: { ...settings.guard, [key]: mm / 1000 } })}
          />
        );
      })}
    </>
  );
}

const logOdds = (probability: number) => Math.log(probability / (1 - probability));
const CURVE_RANGE = [-8, 8] as const;

function linesOf({ curve }: ClassifierManifest): readonly ChartLine[] {
  const along = (value: (point: CurvePoint) => number) =>
    curve.map((point) => [logOdds(point.threshold), value(point)] as const);
  return [
    { label: 'recall', color: 'curve-teal', points: along(recallOf) },
    { label: 'precision', color: 'curve-violet', points: along(precisionOf) },
  ];
}

/** Where in the curve a threshold is. */
function placeOf(curve: readonly CurvePoint[], threshold: number): number {
  const nearest = curvePointAt(curve, threshold)?.threshold;
  return Math.max(
    0,
    curve.findIndex((point) => point.threshold === nearest),
  );
}

/** Its record on episodes that it was not trained on; moving the threshold shows what it would have said, and sets it where the classifier is in use. */
function Record({ manifest, inUse }: { readonly manifest: ClassifierManifest; readonly inUse: boolean }) {
  const { curve, threshold, heldOut } = manifest;
  const stored = placeOf(curve, threshold);
  const [place, setPlace] = useState(stored);
  const [readAt, setReadAt] = useState<number | undefined>(undefined);
  useEffect(() => setPlace(stored), [manifest.name, stored]);
  const lines = useMemo(() => linesOf(manifest), [manifest]);
  const point = curve[place];
  if (!point) return <p className="muted">No held-out frames: nothing is known of how well it judges.</p>;
  const use = (chosen: number) =>
    void tell('classifier.use', { name: manifest.name, threshold: chosen }).then((accepted) => {
      if (!accepted) setPlace(stored);
    });
  /** Of the one in use, when the hand lets go of a slider that it has moved; that of another only shows. */
  const commitMoved = () => {
    if (inUse && place !== stored) use(point.threshold);
  };
  return (
    <>
      <Row label="Accuracy, held out">
        {(100 * accuracyOf(point)).toFixed(1)}
        <span className="unit">%</span>
      </Row>
      <table className="confusion">
        <caption className="muted small">
          {grouped(heldOut.positives + heldOut.negatives)} frames of {heldOut.episodes} episodes it was not trained on
        </caption>
        <thead>
          <tr>
            <th />
            <th>said success</th>
            <th>said not</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th>is success</th>
            <td>{grouped(point.tp)}</td>
            <td>{grouped(point.fn)} missed</td>
          </tr>
          <tr>
            <th>is not</th>
            <td data-wrong={point.fp > 0}>{grouped(point.fp)} false</td>
            <td>{grouped(point.tn)}</td>
          </tr>
        </tbody>
      </table>
      <LineChart
        title="By threshold"
        unit="log-odds"
        axis={SHARES}
        lines={lines}
        xRange={CURVE_RANGE}
        readAt={readAt ?? logOdds(point.threshold)}
        onRead={setReadAt}
      />
      <label className="threshold">
        <span className="row-label">Success from</span>
        <input
          type="range"
          min={0}
          max={curve.length - 1}
          step={1}
          value={place}
          aria-label="Threshold of success"
          aria-valuetext={`${(100 * point.threshold).toFixed(1)} %`}
          onChange={(event) => setPlace(Number(event.target.value))}
          onPointerUp={commitMoved}
          onKeyUp={commitMoved}
        />
        <b>
          {(100 * point.threshold).toFixed(1)}
          <span className="unit">%</span>
        </b>
      </label>
      <p className="muted small">
        A false success is worse than a late one: the rule takes {(100 * manifest.ruleThreshold).toFixed(1)} %, which
        lets no held-out failure pass.
      </p>
      <div className="buttons two">
        <Button
          blocked={place === placeOf(curve, manifest.ruleThreshold) ? 'It is the rule’s already.' : undefined}
          onClick={() => (inUse ? use(manifest.ruleThreshold) : setPlace(placeOf(curve, manifest.ruleThreshold)))}
        >
          Rule’s threshold
        </Button>
        <Button blocked={inUse ? 'It is in use.' : undefined} onClick={() => use(point.threshold)}>
          Use this one
        </Button>
      </div>
    </>
  );
}

export function SuccessPart() {
  const classifier = useEngine((state) => state.classifier);
  const settings = useEngine((state) => state.rig?.success);
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const all = classifier?.classifiers ?? [];
  const shown = all.find(({ name }) => name === (chosen ?? classifier?.inUse)) ?? all[0];
  const training = classifier?.training ?? false;
  return (
    <details className="section fold">
      <summary>
        <h2>Success</h2>
        <span className="muted small">
          {settings ? JUDGES.find(({ value }) => value === settings.by)?.label : ''}
          {training ? ' · training' : ''}
        </span>
      </summary>
      {settings ? <Judge settings={settings} /> : null}
      <LabelCounters />
      <div className="buttons two">
        <ActionButton id="label-positive" />
        <ActionButton id="label-negative" />
      </div>
      <MomentLabels />
      <p className="muted small">
        Hold the key to label one moment after the other, in an episode or in a replay. Verdicts of episodes label the
        rest.
      </p>
      <div className="buttons">
        <Button
          kind="strong"
          blocked={training ? 'It is being trained.' : undefined}
          onClick={() => void tell('classifier.train', {}).then((begun) => begun && setChosen(undefined))}
        >
          Train a classifier
        </Button>
      </div>
      {training ? <Progress fraction={undefined} label="Training of the classifier" /> : null}
      {classifier?.message ? (
        <p className="danger-text">
          {classifier.message} <span className="muted">{classifier.remedy}</span>
        </p>
      ) : null}
      {all.length > 1 ? (
        <select aria-label="Classifier" value={shown?.name ?? ''} onChange={(event) => setChosen(event.target.value)}>
          {all.map(({ name, createdAtMs }) => (
            <option key={name} value={name}>
              {name} · {clockTime(createdAtMs)}
            </option>
          ))}
        </select>
      ) : null}
      {shown ? <Record manifest={shown} inUse={shown.name === classifier?.inUse} /> : null}
    </details>
  );
}
