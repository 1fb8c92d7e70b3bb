/** Success, live: the number of moments labelled by hand, and the classifier's opinion of this one. */
import { useEngine } from '../../state/engine-store.ts';
import { Row } from '../../ui/form.tsx';
import { grouped, percent } from '../../words/format.ts';

export function LabelCounters() {
  const labels = useEngine((state) => state.status?.labels);
  return (
    <Row label="Labelled by hand" title="Moments labelled with P and Shift P, discarded episodes left out">
      <span className="label-counts">
        <b className="success-text">{grouped(labels?.positives ?? 0)}</b> success ·{' '}
        <b>{grouped(labels?.negatives ?? 0)}</b> not
      </span>
    </Row>
  );
}

/** For the Episode tab. Shows nothing while nobody labels and no classifier looks on. */
export function SuccessLive() {
  const labelling = useEngine(
    ({ status }) => status !== undefined && status.labels.positives + status.labels.negatives > 0,
  );
  return (
    <>
      {labelling ? <LabelCounters /> : null}
      <SuccessBar />
    </>
  );
}

function SuccessBar() {
  const success = useEngine((state) => state.status?.success);
  const by = useEngine((state) => state.rig?.success.by);
  const ticks = useEngine((state) => state.rig?.success.ticks ?? 1);
  const running = useEngine((state) => state.status?.phase === 'running');
  if (success?.classifier === undefined || success.threshold === undefined) return null;
  const { probability, threshold, guardMet, streak } = success;
  const known = running && probability !== undefined;
  const above = known && probability >= threshold;
  const words = !running
    ? 'waits for an episode'
    : !known
      ? 'no answer in time'
      : above && !guardMet
        ? `${percent(probability)}, but the robot’s state does not allow it`
        : by === 'classifier'
          ? `${percent(probability)} · ${Math.min(streak, ticks)} of ${ticks} ticks`
          : `${percent(probability)} · looks on`;
  return (
    <div className="success-live" title={`${success.classifier}: success from ${percent(threshold)} on`}>
      <span className="row-label">Success</span>
      {/* biome-ignore lint/a11y/useSemanticElements: a meter element has no place for the threshold's mark */}
      <span
        className="success-bar"
        role="meter"
        aria-label="Probability of success"
        aria-valuemin={0}
        aria-valuemax={1}
        aria-valuenow={known ? probability : 0}
        data-above={above}
      >
        <i style={{ width: `${100 * (known ? probability : 0)}%` }} />
        <b style={{ left: `${100 * threshold}%` }} />
      </span>
      <span className="success-words muted small">{words}</span>
    </div>
  );
}
