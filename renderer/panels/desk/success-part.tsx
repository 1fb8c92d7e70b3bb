/** How success is judged: labels by hand, the classifier trained on them, and who ends an episode as a success. */
import { useState } from 'react';
import type { SuccessBy, SuccessGuard, SuccessSettings } from '../../../main/api/index.ts';
import { ActionButton } from '../../commands/action-button.tsx';
import { tell } from '../../engine/engine.ts';
import { useEngine } from '../../state/engine-store.ts';
import { Button } from '../../ui/button.tsx';
import { Choice, NumberField, type Option, Progress, Select } from '../../ui/form.tsx';
import { clockTime } from '../../words/format.ts';
import { HeldOutRecord } from './held-out-record.tsx';
import { MomentLabels } from './moment-labels.tsx';
import { LabelCounters } from './success-bar.tsx';

const JUDGES: readonly Option<SuccessBy>[] = [
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
            onCommit={(mm) => change({ guard: { ...settings.guard, [key]: mm / 1000 } })}
          />
        );
      })}
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
        <Select
          label="Classifier"
          value={shown?.name}
          options={all.map(({ name, createdAtMs }) => ({ value: name, label: `${name} · ${clockTime(createdAtMs)}` }))}
          onChange={setChosen}
        />
      ) : null}
      {shown ? <HeldOutRecord manifest={shown} inUse={shown.name === classifier?.inUse} /> : null}
    </details>
  );
}
