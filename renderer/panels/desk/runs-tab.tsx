/** The Runs tab: fine-tuning runs to start, watch, cancel and compare. A run that is under way comes first. */
import { useState } from 'react';
import { ActionButton } from '../../commands/action-button.tsx';
import { activeRun, useEngine } from '../../state/engine-store.ts';
import { Section } from '../../ui/form.tsx';
import { NewRun } from './runs/new-run.tsx';
import { RunCard } from './runs/run-card.tsx';

const ALL_CLOSED = -1;

export function RunsTab() {
  const runs = useEngine((state) => state.runs);
  const [opened, setOpened] = useState<number | undefined>(undefined);
  const task = useEngine((state) => state.rig?.task);
  const active = activeRun(runs);
  const shown = opened ?? active?.id ?? runs[0]?.id;
  const list = (
    <Section key="runs" title="Runs">
      {runs.length === 0 ? (
        <>
          <p className="muted">
            No run yet. What you demonstrate and correct becomes a better policy here: in the background, while you go
            on.
          </p>
          <div className="buttons">
            <ActionButton id="fine-tune" />
          </div>
        </>
      ) : null}
      {runs.map((run) => (
        <RunCard
          key={run.id}
          run={run}
          open={run.id === shown}
          onOpen={() => setOpened(run.id === shown ? ALL_CLOSED : run.id)}
        />
      ))}
    </Section>
  );
  // A choice of one task, such as the policy to start from, is none of another.
  const fresh = <NewRun key={`new ${task}`} onStarted={setOpened} />;
  return active ? [list, fresh] : [fresh, list];
}
