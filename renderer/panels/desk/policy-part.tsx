/** The policy that drives, in words, and the choice of another one for the same task. */
import { ActionButton } from '../../commands/action-button.tsx';
import { tell } from '../../engine/engine.ts';
import { type PolicyEntry, useEngine } from '../../state/engine-store.ts';
import { useSelection } from '../../state/same.ts';
import { Section } from '../../ui/form.tsx';
import { grouped } from '../../words/format.ts';
import { policyInWords } from '../../words/policy-words.ts';

const entryLabel = ({ name, trainedSteps, madeFrom }: PolicyEntry) =>
  `${name}${trainedSteps > 0 && !madeFrom ? ` · ${grouped(trainedSteps)} updates` : ''}`;

export function PolicyPart() {
  const policy = useEngine((state) => state.status?.policy?.name);
  const candidate = useEngine((state) => state.status?.policy?.candidate ?? false);
  const task = useEngine((state) => state.rig?.task);
  const policies = useEngine(useSelection((state) => state.policies.filter((one) => one.task === state.rig?.task)));
  const inUse = policies.find(({ name }) => name === policy);
  return (
    <Section
      title="Policy"
      aside={
        candidate ? (
          <span className="badge" title="On trial: reverted by itself if success falls">
            candidate
          </span>
        ) : null
      }
    >
      {policy || policies.length > 0 ? (
        <select
          aria-label="Policy, from the next episode on"
          value={policy ?? ''}
          title={inUse && policyInWords(inUse)}
          onChange={(event) => void tell('policy.use', { name: event.target.value })}
        >
          {inUse ? null : (
            <option value={policy ?? ''} disabled={!policy}>
              {policy ?? 'Choose a policy'}
            </option>
          )}
          {policies.map((one) => (
            <option key={one.name} value={one.name} title={policyInWords(one)}>
              {entryLabel(one)}
            </option>
          ))}
        </select>
      ) : (
        <p className="muted">
          There is no policy for the task {task}. Record demonstrations (R), then fine-tune (F): the first run makes
          one.
        </p>
      )}
      {inUse ? (
        <p className="muted small" data-testid="policy-words">
          {policyInWords(inUse)}
        </p>
      ) : null}
      <div className="buttons">
        <ActionButton id="revert" />
      </div>
    </Section>
  );
}
