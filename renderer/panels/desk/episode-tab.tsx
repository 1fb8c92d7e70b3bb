/** The Episode tab: task, mode, start and verdicts, readiness to fine-tune, policy, takeover mode and input devices. */
import type { Mode, TakeoverMode, TakeoverSettings } from '../../../main/api/index.ts';
import { ActionButton } from '../../commands/action-button.tsx';
import { leavesGripperAlone } from '../../commands/actions.ts';
import { tell } from '../../engine/engine.ts';
import { liveStatus, useEngine } from '../../state/engine-store.ts';
import { Button, KeyCap } from '../../ui/button.tsx';
import { Choice, type Option, Progress, Row, Section, Switch } from '../../ui/form.tsx';
import { grouped, withUnit } from '../../words/format.ts';
import { gripperButtonsInWords } from '../../words/gripper-words.ts';
import { InputDevices } from './input-devices.tsx';
import { PolicyPart } from './policy-part.tsx';
import { SuccessLive } from './success-bar.tsx';
import { TaskPart } from './task-part.tsx';

const MODES: readonly Option<Mode>[] = [
  { value: 'run', label: 'Run', title: 'A policy drives and you correct it' },
  { value: 'demonstrate', label: 'Demonstrate', title: 'You drive from start to end' },
];
const TAKEOVER_MODES: readonly Option<TakeoverMode>[] = [
  { value: 'motion', label: 'Motion', title: 'Moving the puck takes over; neutral for a moment releases' },
  { value: 'hold', label: 'Hold', title: 'You drive while the button is held' },
  { value: 'toggle', label: 'Toggle', title: 'Space takes over, Space releases' },
];

function Verdicts() {
  const running = useEngine((state) => state.status?.phase === 'running');
  const step = useEngine((state) => {
    const status = liveStatus(state);
    return status && (status.phase === 'running' ? status.step : 0);
  });
  const drives = useEngine((state) => state.status?.mode === 'run' && state.status.driver === 'human');
  const maxSteps = useEngine((state) => state.rig?.maxSteps ?? 0);
  const periodMs = useEngine((state) => state.rig?.periodMs ?? 100);
  const autoStart = useEngine((state) => state.rig?.autoStart ?? false);
  return (
    <>
      <div className="step-line">
        <Progress fraction={step && maxSteps > 0 ? step / maxSteps : 0} label="Steps of this episode" />
        <span>
          {step ?? '–'} of {maxSteps} · {withUnit(step === undefined ? undefined : (step * periodMs) / 1000, 1, 's')}
        </span>
      </div>
      <div className="buttons two">
        {running ? (
          <Button
            onClick={() => void tell('episode.reset', {})}
            title="Ends the episode without a verdict and resets the arm"
          >
            End and reset
          </Button>
        ) : (
          <ActionButton id="next" kind="strong" />
        )}
        <ActionButton id="takeover">{drives ? 'Release' : 'Take over'}</ActionButton>
        <ActionButton id="success" />
        <ActionButton id="failure" />
        <ActionButton id="discard" />
        <ActionButton id="undo" />
      </div>
      <Switch
        label="Start the next episode by itself"
        on={autoStart}
        onChange={(on) => void tell('settings.set', { autoStart: on })}
      />
    </>
  );
}

function Readiness() {
  const readiness = useEngine((state) => state.readiness);
  return (
    <Section title="Fine-tune" aside={readiness?.ready ? <span className="badge success">ready</span> : null}>
      {readiness ? (
        <ul className="needs">
          {readiness.needs.map((need) => (
            <li key={need.label} data-done={need.have >= need.need}>
              <span>{need.label}</span>
              <b>
                {grouped(Math.min(need.have, 99_999))}/{grouped(need.need)}
              </b>
              <Progress fraction={need.need > 0 ? need.have / need.need : 1} label={need.label} />
            </li>
          ))}
        </ul>
      ) : (
        <p className="muted">Shown when the engine answers.</p>
      )}
    </Section>
  );
}

function Gripper({ takeover }: { readonly takeover: TakeoverSettings | undefined }) {
  const leftAlone = useEngine(leavesGripperAlone);
  return (
    <>
      <Row label="Gripper">
        <ActionButton id="gripper">Open or close</ActionButton>
      </Row>
      <p className="muted small">
        {leftAlone ? 'This task leaves the gripper alone.' : takeover ? gripperButtonsInWords(takeover) : ''}
      </p>
    </>
  );
}

export function EpisodeTab() {
  const mode = useEngine((state) => state.status?.mode);
  const running = useEngine((state) => state.status?.phase === 'running');
  const takeover = useEngine((state) => state.rig?.takeover);
  return (
    <>
      <Section title="Task">
        <TaskPart />
        <div className="inline">
          <Choice
            label="Mode"
            value={mode}
            options={MODES}
            blocked={running ? 'Not while an episode runs.' : undefined}
            onChange={(value) => void tell('mode.set', { mode: value })}
          />
          <KeyCap keys="R" />
        </div>
        <Verdicts />
        <SuccessLive />
      </Section>
      <Readiness />
      <PolicyPart />
      <Section title="Taking over">
        <Choice
          label="How control is taken"
          value={takeover?.mode}
          options={TAKEOVER_MODES}
          onChange={(value) => takeover && void tell('settings.set', { takeover: { ...takeover, mode: value } })}
        />
        <p className="muted small">{TAKEOVER_MODES.find((one) => one.value === takeover?.mode)?.title}</p>
        <InputDevices />
        <Gripper takeover={takeover} />
      </Section>
    </>
  );
}
