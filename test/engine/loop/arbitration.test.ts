import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_TAKEOVER, type TakeoverSettings } from '../../../main/api/teleop.ts';
import {
  type ArbitrationInput,
  type ArbitrationState,
  arbitrate,
  FRESH,
} from '../../../main/engine/loop/arbitration.ts';

const settings = (mode: TakeoverSettings['mode']): TakeoverSettings => ({ ...DEFAULT_TAKEOVER, mode });
const ENGAGE = DEFAULT_TAKEOVER.engageDeflection;
const NEUTRAL = DEFAULT_TAKEOVER.neutralDeflection;
const reading = (timeMs: number, deflection: number, buttons = 0): ArbitrationInput => ({
  kind: 'reading',
  timeMs,
  deflection,
  buttons,
});
const edge = (timeMs: number, deflection: number, buttons = 0): ArbitrationInput => ({
  kind: 'edge',
  timeMs,
  deflection,
  buttons,
});
const key = (timeMs: number, engaged: boolean): ArbitrationInput => ({ kind: 'key', timeMs, engaged });

/** The changes that a sequence of inputs makes, and who drives at the end. */
function play(mode: TakeoverSettings['mode'], inputs: readonly ArbitrationInput[]) {
  let state: ArbitrationState = FRESH;
  const changes: (string | undefined)[] = [];
  for (const input of inputs) {
    const step = arbitrate(state, input, settings(mode));
    state = step.state;
    changes.push(step.change);
  }
  return { changes, driver: state.driver };
}

test('motion: takes at once, releases at the edge after half a second of neutral', () => {
  const { changes, driver } = play('motion', [
    reading(10, 0.05),
    reading(20, (ENGAGE + NEUTRAL) / 2),
    reading(30, ENGAGE),
    edge(100, 0.5),
    reading(150, 0),
    edge(200, 0),
    edge(600, 0),
    reading(649, 0),
    reading(651, 0),
    edge(700, 0),
  ]);
  assert.deepEqual(changes, [
    undefined,
    undefined,
    'takeover',
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    'release',
  ]);
  assert.equal(driver, 'policy');
});

test('motion: a touch inside the half second starts it again; between the thresholds keeps control', () => {
  assert.equal(
    play('motion', [reading(0, 1), reading(10, 0), reading(400, 0.5), reading(410, 0), edge(700, 0)]).driver,
    'human',
  );
  assert.equal(play('motion', [reading(0, 1), edge(2000, (ENGAGE + NEUTRAL) / 2)]).driver, 'human');
});

test('hold: the button alone decides; it releases at the edge, not on the reading', () => {
  const { changes } = play('hold', [
    reading(0, 1),
    reading(10, 0, 1),
    edge(100, 0, 1),
    reading(150, 0, 0),
    edge(200, 0, 0),
    key(210, true),
  ]);
  assert.deepEqual(changes, [undefined, 'takeover', undefined, undefined, 'release', undefined]);
});

test('toggle: the key takes at once and releases at the next edge; the puck alone does nothing', () => {
  const { changes } = play('toggle', [
    reading(0, 1),
    key(10, true),
    edge(100, 0),
    key(110, false),
    reading(120, 1),
    edge(200, 1),
  ]);
  assert.deepEqual(changes, [undefined, 'takeover', undefined, undefined, undefined, 'release']);
});

const anyInput = fc.record({
  kind: fc.constantFrom('reading', 'edge', 'key'),
  stepMs: fc.integer({ min: 0, max: 300 }),
  deflection: fc.double({ min: 0, max: 1, noNaN: true }),
  buttons: fc.integer({ min: 0, max: 3 }),
  engaged: fc.boolean(),
});

test('property: control changes hands only as the table says, in every mode', () => {
  fc.assert(
    fc.property(fc.constantFrom('motion', 'hold', 'toggle'), fc.array(anyInput, { maxLength: 60 }), (mode, raw) => {
      let state: ArbitrationState = FRESH;
      let timeMs = 0;
      for (const { kind, stepMs, deflection, buttons, engaged } of raw) {
        timeMs += stepMs;
        const input: ArbitrationInput =
          kind === 'key'
            ? { kind, timeMs, engaged }
            : kind === 'edge'
              ? edge(timeMs, deflection, buttons)
              : reading(timeMs, deflection, buttons);
        const step = arbitrate(state, input, settings(mode));
        const changed = step.state.driver !== state.driver;
        assert.equal(changed, step.change !== undefined);
        if (step.change === 'release') assert.equal(input.kind, 'edge', 'release only at an edge');
        if (step.change === 'takeover') {
          if (mode === 'motion' && input.kind !== 'key') assert.ok(deflection >= ENGAGE);
          if (mode === 'hold') assert.equal(buttons & 1, 1);
          if (mode === 'toggle') assert.ok(input.kind === 'key' || state.keyAsks === 'take');
        }
        if (
          mode === 'motion' &&
          input.kind === 'edge' &&
          state.driver === 'human' &&
          deflection > NEUTRAL &&
          state.keyAsks !== 'release'
        )
          assert.equal(step.state.driver, 'human', 'a deflected puck is never released');
        if (mode === 'hold' && input.kind === 'edge')
          assert.equal(step.state.driver, (buttons & 1) === 1 ? 'human' : 'policy');
        state = step.state;
      }
    }),
    { numRuns: 2000 },
  );
});
