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

/** A setting in whole units that people read: `perUnit` of them make one unit of the contract. */
interface FieldSpec<Key> {
  readonly key: Key;
  readonly label: string;
  readonly unit: string;
  readonly perUnit: number;
  readonly low: number;
  readonly high: number;
}
type NumberKey<Settings> = { [Key in keyof Settings]: Settings[Key] extends number ? Key : never }[keyof Settings];

const LIMITS: readonly FieldSpec<NumberKey<SafetyLimits>>[] = [
  { key: 'maxLinearMPerSec', label: 'Speed', unit: 'mm/s', perUnit: 1000, low: 1, high: 250 },
  { key: 'maxAngularRadPerSec', label: 'Turning speed', unit: '°/s', perUnit: DEGREE, low: 1, high: 57 },
  { key: 'maxTiltRad', label: 'Tilt', unit: '°', perUnit: DEGREE, low: 1, high: 180 },
  { key: 'softForceN', label: 'Force: push no further', unit: 'N', perUnit: 1, low: 1, high: 200 },
  { key: 'stopForceN', label: 'Force: hold', unit: 'N', perUnit: 1, low: 1, high: 300 },
];
const TAKEOVER: readonly FieldSpec<NumberKey<TakeoverSettings>>[] = [
  { key: 'engageDeflection', label: 'Takes over at', unit: '%', perUnit: 100, low: 2, high: 90 },
  { key: 'neutralDeflection', label: 'Neutral below', unit: '%', perUnit: 100, low: 1, high: 90 },
  { key: 'releaseAfterMs', label: 'Releases after', unit: 'ms', perUnit: 1, low: 0, high: 5000 },
  { key: 'holdButton', label: 'Hold button', unit: 'no.', perUnit: 1, low: 0, high: 31 },
];

interface FieldsProps<Key extends string> {
  readonly fields: readonly FieldSpec<Key>[];
  readonly values: Readonly<Record<Key, number>>;
  readonly onCommit: (key: Key, value: number) => Promise<boolean>;
}

function Fields<Key extends string>({ fields, values, onCommit }: FieldsProps<Key>) {
  return fields.map(({ key, perUnit, ...field }) => (
    <NumberField
      key={key}
      {...field}
      value={values[key] * perUnit}
      onCommit={(value) => onCommit(key, value / perUnit)}
    />
  ));
}

function Limits({ limits }: { readonly limits: SafetyLimits }) {
  const mm = (values: readonly number[]) => values.map((value) => fixed(value * 1000, 0)).join(', ');
  return (
    <Section title="Limits" aside={<span className="muted small">for policy and person alike</span>}>
      <Fields
        fields={LIMITS}
        values={limits}
        onCommit={(key, value) => tell('settings.set', { limits: { ...limits, [key]: value } })}
      />
      <Row label="Workspace from">{`${mm(limits.workspaceLowM)} mm`}</Row>
      <Row label="Workspace to">{`${mm(limits.workspaceHighM)} mm`}</Row>
      <Row label="Set-point lead">{`${fixed(limits.maxSetPointLeadM * 1000, 0)} mm`}</Row>
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
      <Section title="Takeover">
        <Fields
          fields={TAKEOVER}
          values={rig.takeover}
          onCommit={(key, value) => tell('settings.set', { takeover: { ...rig.takeover, [key]: value } })}
        />
      </Section>
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
