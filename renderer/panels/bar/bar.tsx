/**
 * The bar: task and rig, who drives, how steady the loop is, both buffers, Fine-tune, Stop. It is read from two metres
 * away.
 */
import { ACTIONS, missingForFineTune, perform } from '../../commands/actions.ts';
import { driverView } from '../../state/driver.ts';
import { activeRun, liveStatus, useEngine } from '../../state/engine-store.ts';
import { useSelection } from '../../state/same.ts';
import { useWindow } from '../../state/window-store.ts';
import { KeyCap } from '../../ui/button.tsx';
import { Glyph } from '../../ui/glyph.tsx';
import { duration, fixed, grouped, percent, rateInWords, THIN } from '../../words/format.ts';

function Driver() {
  const view = useEngine(useSelection((state) => driverView(state.link.state === 'open', state.status)));
  return (
    <div className="driver" data-tone={view.tone} data-testid="driver" role="status" aria-live="polite">
      <Glyph name={view.glyph} className="driver-glyph" />
      <span className="driver-text">
        <b>{view.word}</b>
        <small>{view.detail}</small>
      </span>
    </div>
  );
}

function Tick() {
  const tick = useEngine(useSelection((state) => liveStatus(state)?.tick));
  return (
    <div
      className="figure tick"
      title={`Control ticks per second, measured over 5${THIN}s, and the 99th percentile of their jitter; ${tick?.missedDeadlines ?? '–'} missed deadlines, ${tick?.skippedEdges ?? '–'} skipped ticks`}
    >
      <b>
        {tick ? fixed(tick.hz, 1) : '–'}
        <span className="unit">{THIN}Hz</span>
      </b>
      <small>{`±${tick ? fixed(tick.jitterP99Ms, 1) : '–'}${THIN}ms`}</small>
    </div>
  );
}

/** Shows how fast a simulated clock runs on a slow computer. Shows nothing at full speed. */
function Rate() {
  const words = useEngine((state) => rateInWords(liveStatus(state)?.tick.realTimeFactor));
  return words === undefined ? null : (
    <span
      className="rate"
      data-testid="rate"
      title="The simulated cell waits for this computer; what is recorded is the same as at full speed"
    >
      {words}
    </span>
  );
}

interface CounterProps {
  readonly label: string;
  readonly of: 'rlTransitions' | 'demoTransitions';
  readonly title: string;
}

function Counter({ label, of, title }: CounterProps) {
  const count = useEngine((state) => state.status?.buffers[of]);
  return (
    <div className="figure counter" title={title} data-testid={`counter-${label}`}>
      <b>{count === undefined ? '–' : grouped(count)}</b>
      <small>{label}</small>
    </div>
  );
}

function FineTune() {
  const run = useEngine((state) => activeRun(state.runs));
  const missing = useEngine(missingForFineTune);
  if (run) {
    const share = run.steps ? run.step / run.steps : undefined;
    return (
      <button
        type="button"
        className="button bar-button"
        title="Show the run"
        onClick={() => useWindow.setState({ tab: 'runs' })}
      >
        <span className="bar-button-text">
          <b>Fine-tuning {share === undefined ? '' : percent(share)}</b>
          <small>
            {run.secondsLeft === undefined ? `${grouped(run.step)} updates` : `${duration(run.secondsLeft)} left`}
          </small>
        </span>
        <i className="bar-button-fill" style={{ transform: `scaleX(${share ?? 0})` }} />
      </button>
    );
  }
  const blocked = missing !== undefined;
  return (
    <button
      type="button"
      className={`button bar-button ${blocked ? '' : 'strong'}`}
      data-action="fine-tune"
      aria-disabled={blocked || undefined}
      title={blocked ? `Still needed: ${missing}` : 'Start fine-tuning in the background (F)'}
      onClick={() => perform('fine-tune')}
    >
      <span className="bar-button-text">
        <b>{ACTIONS['fine-tune'].label}</b>
        <small>{missing ?? 'ready'}</small>
      </span>
      <KeyCap keys="F" />
    </button>
  );
}

export function Bar() {
  const task = useEngine((state) => state.rig?.task);
  const robot = useEngine((state) => state.rig?.robot);
  const simulated = useEngine((state) => state.rig?.simulated);
  return (
    <header className="bar">
      <div className="bar-place">
        <h1>{task ?? 'Takeover'}</h1>
        <small>
          {robot ?? 'no rig'}
          {simulated && !/simulated/i.test(robot ?? '') ? ' · simulated' : ''}
          <Rate />
        </small>
      </div>
      <Driver />
      <div className="bar-figures">
        <Tick />
        <Counter label="RL" of="rlTransitions" title="Transitions in the RL buffer" />
        <Counter label="Demo" of="demoTransitions" title="Transitions in the demo buffer" />
      </div>
      <div className="bar-actions">
        <FineTune />
        <button
          type="button"
          className="button quiet help"
          title="Keys (?)"
          aria-label="Keys"
          onClick={() => perform('help')}
        >
          ?
        </button>
        <button type="button" className="stop" data-action="stop" title="Stop (Escape)" onClick={() => perform('stop')}>
          <Glyph name="octagon" />
          <b>STOP</b>
          <KeyCap keys="Esc" />
        </button>
      </div>
    </header>
  );
}
