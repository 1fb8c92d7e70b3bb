/** A classifier's record on episodes that it was not trained on, for every threshold, and the threshold in use. */
import { useEffect, useMemo, useState } from 'react';
import {
  accuracyOf,
  type ClassifierManifest,
  type CurvePoint,
  curvePointAt,
  precisionOf,
  recallOf,
} from '../../../main/api/index.ts';
import { SHARES } from '../../charts/axis-range.ts';
import { type ChartLine, LineChart } from '../../charts/line-chart.tsx';
import { tell } from '../../engine/engine.ts';
import { Button } from '../../ui/button.tsx';
import { Row } from '../../ui/form.tsx';
import { grouped } from '../../words/format.ts';

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

/** Returns the index of the curve's point that is nearest to a threshold. */
function placeOf(curve: readonly CurvePoint[], threshold: number): number {
  const nearest = curvePointAt(curve, threshold)?.threshold;
  return Math.max(
    0,
    curve.findIndex((point) => point.threshold === nearest),
  );
}

const Percent = ({ fraction }: { readonly fraction: number }) => (
  <>
    {(100 * fraction).toFixed(1)}
    <span className="unit">%</span>
  </>
);

function ConfusionTable({ point, heldOut }: { readonly point: CurvePoint } & Pick<ClassifierManifest, 'heldOut'>) {
  return (
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
  );
}

/** Moving the threshold shows what the classifier would have said. It is set when the classifier is in use. */
export function HeldOutRecord({ manifest, inUse }: { readonly manifest: ClassifierManifest; readonly inUse: boolean }) {
  const { curve, threshold } = manifest;
  const [stored, ruled] = [placeOf(curve, threshold), placeOf(curve, manifest.ruleThreshold)];
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
  const sendMoved = () => {
    if (inUse && place !== stored) use(point.threshold);
  };
  return (
    <>
      <Row label="Accuracy, held out">
        <Percent fraction={accuracyOf(point)} />
      </Row>
      <ConfusionTable point={point} heldOut={manifest.heldOut} />
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
          onPointerUp={sendMoved}
          onKeyUp={sendMoved}
        />
        <b>
          <Percent fraction={point.threshold} />
        </b>
      </label>
      <p className="muted small">
        A false success is worse than a late one: the rule takes {(100 * manifest.ruleThreshold).toFixed(1)} %, which
        lets no held-out failure pass.
      </p>
      <div className="buttons two">
        <Button
          blocked={place === ruled ? 'It is the rule’s already.' : undefined}
          onClick={() => (inUse ? use(manifest.ruleThreshold) : setPlace(ruled))}
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
