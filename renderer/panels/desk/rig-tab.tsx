/** The Rig tab: devices and their health, rates and latencies, limits, takeover settings, acting noise, window size. */
import type { SafetyLimits, TakeoverSettings } from '../../../main/api/index.ts';
import { ActionButton } from '../../commands/action-button.tsx';
import { tell } from '../../engine/engine.ts';
import { liveStatus, useEngine } from '../../state/engine-store.ts';
import { useWindow } from '../../state/window-store.ts';
import { NumberField, PathLine, Row, Section } from '../../ui/form.tsx';
import { bytes, fixed, grouped, percent, withUnit } from '../../words/format.ts';
import { InputDevices } from './input-devices.tsx';
import { StreamRates } from './stream-rates.tsx';

const DEGREE = 180 / Math.PI;

function Rates() {
  const tick = useEngine((state) => liveStatus(state)?.tick);
  const perHour = useEngine((state) => liveStatus(state)?.storeBytesPerHour);
  const free = useEngine((state) => liveStatus(state)?.diskFreeBytes);
  return (
    <Section title="Rates and latencies">
      <Row label="Control loop">
        {tick ? `${withUnit(tick.hz, 1, 'Hz')} ±${withUnit(tick.jitterP99Ms, 1, 'ms')}` : '–'}
      </Row>
      <Row label="Missed deadlines">{tick ? grouped(tick.missedDeadlines) : '–'}</Row>
      <Row label="Skipped ticks">{tick ? grouped(tick.skippedEdges) : '–'}</Row>
      <Row label="Policy answers within">{withUnit(tick?.policyLatencyMs, 1, 'ms')}</Row>
      <StreamRates />
      <Row label="Recording">{perHour === undefined ? '–' : `${bytes(perHour)}/h`}</Row>
      <Row label="Disk left">{free === undefined ? '–' : bytes(free)}</Row>
    </Section>
  );
}

function Limits({ limits }: { readonly limits: SafetyLimits }) {
  const set = (change: Partial<SafetyLimits>) => tell('settings.set', { limits: { ...limits, ...change } });
  const mm = (values: readonly number[]) => values.map((value) => fixed(value * 1000, 0)).join(', ');
  return (
    <Section title="Limits" aside={<span className="muted small">for policy and person alike</span>}>
      <NumberField
        label="Speed"
        unit="mm/s"
        value={limits.maxLinearMPerSec * 1000}
        low={1}
        high={250}
        decimals={0}
        onCommit={(value) => set({ maxLinearMPerSec: value / 1000 })}
      />
      <NumberField
        label="Turning speed"
        unit="°/s"
        value={limits.maxAngularRadPerSec * DEGREE}
        low={1}
        high={57}
        decimals={0}
        onCommit={(value) => set({ maxAngularRadPerSec: value / DEGREE })}
      />
      <NumberField
        label="Tilt"
        unit="°"
        value={limits.maxTiltRad * DEGREE}
        low={1}
        high={180}
        decimals={0}
        onCommit={(value) => set({ maxTiltRad: value / DEGREE })}
      />
      <NumberField
        label="Force: push no further"
        unit="N"
        value={limits.softForceN}
        low={1}
        high={200}
        decimals={0}
        onCommit={(value) => set({ softForceN: value })}
      />
      <NumberField
        label="Force: hold"
        unit="N"
        value={limits.stopForceN}
        low={1}
        high={300}
        decimals={0}
        onCommit={(value) => set({ stopForceN: value })}
      />
      <Row label="Workspace from">{`${mm(limits.workspaceLowM)} mm`}</Row>
      <Row label="Workspace to">{`${mm(limits.workspaceHighM)} mm`}</Row>
      <Row label="Set-point lead">{`${fixed(limits.maxSetPointLeadM * 1000, 0)} mm`}</Row>
    </Section>
  );
}

function Takeover({ takeover }: { readonly takeover: TakeoverSettings }) {
  const set = (change: Partial<TakeoverSettings>) => tell('settings.set', { takeover: { ...takeover, ...change } });
  return (
    <Section title="Takeover">
      <NumberField
        label="Takes over at"
        unit="%"
        value={takeover.engageDeflection * 100}
        low={2}
        high={90}
        decimals={0}
        onCommit={(value) => set({ engageDeflection: value / 100 })}
      />
      <NumberField
        label="Neutral below"
        unit="%"
        value={takeover.neutralDeflection * 100}
        low={1}
        high={90}
        decimals={0}
        onCommit={(value) => set({ neutralDeflection: value / 100 })}
      />
      <NumberField
        label="Releases after"
        unit="ms"
        value={takeover.releaseAfterMs}
        low={0}
        high={5000}
        decimals={0}
        onCommit={(value) => set({ releaseAfterMs: value })}
      />
      <NumberField
        label="Hold button"
        unit="no."
        value={takeover.holdButton}
        low={0}
        high={31}
        decimals={0}
        onCommit={(value) => set({ holdButton: value })}
      />
    </Section>
  );
}

function WindowSize() {
  const zoom = useWindow((state) => state.zoom);
  return (
    <Section title="Window">
      <Row label="Size of letters and panels">{percent(zoom)}</Row>
      <div className="buttons">
        {(['zoom-out', 'zoom-reset', 'zoom-in'] as const).map((action) => (
          <ActionButton key={action} id={action} />
        ))}
      </div>
      <p className="muted small">They also grow with the window. The zoom is remembered here.</p>
    </Section>
  );
}

export function RigTab() {
  const rig = useEngine((state) => state.rig);
  if (!rig) return <p className="muted">Shown when the engine answers.</p>;
  return (
    <>
      <Section title="Devices">
        <Row label="Robot">
          {rig.robot}
          {rig.simulated && !/simulated/i.test(rig.robot) ? ' (simulated)' : ''}
        </Row>
        <Row label="Project">
          <PathLine path={rig.projectFolder} />
        </Row>
        <InputDevices />
      </Section>
      <Rates />
      <Limits limits={rig.limits} />
      <Takeover takeover={rig.takeover} />
      <Section title="Acting noise">
        <NumberField
          label="Standard deviation"
          unit="of full scale"
          value={rig.actingNoiseStd}
          low={0}
          high={0.5}
          decimals={2}
          onCommit={(value) => tell('settings.set', { actingNoiseStd: value })}
        />
        <p className="muted small">
          Added to the policy’s actions so that it explores. Off unless the cell is simulated.
        </p>
      </Section>
      <WindowSize />
    </>
  );
}
