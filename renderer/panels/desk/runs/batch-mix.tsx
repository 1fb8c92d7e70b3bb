/** The shares of policy, corrections and demonstrations in a run's batches, and the size of the buffers. */
import type { RunStatus } from '../../../../main/api/index.ts';
import { useEngine } from '../../../state/engine-store.ts';
import { grouped, percent } from '../../../words/format.ts';

export function BatchMix({ run }: { readonly run: RunStatus }) {
  const counts = useEngine((state) => state.status?.buffers);
  const { interventionShare, demonstrationShare, demoShare, ownSteps } = run.metrics;
  if (interventionShare === undefined || demonstrationShare === undefined) return null;
  const [demo, rl] = [grouped(counts?.demoTransitions ?? 0), grouped(counts?.rlTransitions ?? 0)];
  const parts = [
    { who: 'policy', label: 'policy', share: Math.max(0, 1 - interventionShare - demonstrationShare) },
    { who: 'human', label: 'corrections', share: interventionShare },
    { who: 'demonstration', label: 'demos', share: demonstrationShare },
  ];
  return (
    <div className="mix">
      <span className="row-label">Batches</span>
      <div
        className="who"
        role="img"
        aria-label={`Batches: ${parts.map(({ label, share }) => `${percent(share)} ${label}`).join(', ')}`}
      >
        {parts.map(({ who, share }) => (
          <i key={who} className={who} style={{ width: `${100 * share}%` }} />
        ))}
      </div>
      <ul className="mix-key">
        {parts.map(({ who, label, share }) => (
          <li key={who}>
            <i className={`who ${who}`} />
            {label} <b>{percent(share)}</b>
          </li>
        ))}
      </ul>
      <p className="muted small">
        {ownSteps !== undefined
          ? `It learns from its own newest ${grouped(ownSteps)} steps; from the demo buffer (${demo}) come states to hold it to what it was.`
          : demoShare === 1
            ? `All drawn from the demo buffer (${demo}).`
            : `${percent(demoShare)} drawn from the demo buffer (${demo}), the rest from RL (${rl}).`}
      </p>
    </div>
  );
}
