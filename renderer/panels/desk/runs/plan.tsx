/** The plan of a run that is not started yet: what it would use, how long it would take, and why it cannot start. */
import type { RunPlan } from '../../../../main/api/index.ts';
import { useEngine } from '../../../state/engine-store.ts';
import { Row } from '../../../ui/form.tsx';
import { grouped } from '../../../words/format.ts';
import { planBatches, planTakes } from '../../../words/run-words.ts';

/** `goesOn`: no stage was chosen, so an online run follows an offline one by itself. */
export function Plan({ plan, goesOn }: { readonly plan: RunPlan; readonly goesOn: boolean }) {
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

/** Returns why a run cannot start now; `undefined` when it can. `activeRunId`: the run that is under way. */
export function whyBlocked(plan: RunPlan | undefined, activeRunId: number | undefined): string | undefined {
  if (activeRunId !== undefined) return `Run ${activeRunId} is under way: cancel it, or wait until it has finished.`;
  if (!plan) return 'The engine has not answered yet.';
  if (plan.problem) return `${plan.problem.message} ${plan.problem.remedy}`;
  const lacking = plan.needs.filter(({ have, need }) => have < need);
  if (lacking.length === 0) return undefined;
  const needed = lacking.map(({ have, need, label }) => `${have} of ${need} ${label}`).join(', ');
  return `Still needed: ${needed}. Record demonstrations (R), or correct the policy.`;
}
