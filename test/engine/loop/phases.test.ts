/**
 * Properties of the phase machine over random sequences of events, first of the pure function and then of the whole
 * loop on a virtual clock. A property that fails prints its seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_TAKEOVER, deflectionOf, isNeutral } from '../../../main/api/teleop.ts';
import { type Flight, newFlight } from '../../../main/engine/loop/driving.ts';
import {
  advance,
  ENDS_MOTION,
  type LoopEffect,
  type LoopEvent,
  type LoopState,
  mayMove,
  SWITCHED_ON,
  whyNotResume,
} from '../../../main/engine/loop/phases.ts';
import type { StepEnd } from '../../../main/engine/recording/episode.ts';
import { createFakeCell } from '../../native/fake-cell.ts';
import { bench, createFakeWriter, proposal, ticks } from '../rig.ts';

const ABORTED = { outcome: 'aborted', judge: 'human' } as const;
const judged = (end: StepEnd['end']): StepEnd => ({ reward: 0, terminated: false, truncated: false, end });
/** The machine passes observations on and never reads them. */
const OBSERVATION = {} as Extract<LoopEvent, { kind: 'observed' }>['entry']['observation'];

/** Every change of phase that the table of `phases.ts` lists, with its event. */
const CHANGES = new Set([
  'hold reset resetting',
  'ready reset resetting',
  'resetting at-start ready',
  'ready begin running',
  'running judged-end resetting',
]);

/**
 * `tick` goes on to the next stage of a tick: edge, judgement, hand-over. `go` is all that leads from HOLD to
 * RUNNING.
 */
const OFTEN = ['tick', 'tick', 'tick', 'tick', 'tick', 'tick', 'go'] as const;
const SELDOM = [
  'release',
  'reset',
  'at-start',
  'start',
  'begin',
  'abandon',
  'stop',
  'fault',
  'mode',
  'verdict',
] as const;
const anyCommand = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...OFTEN) },
  { weight: 1, arbitrary: fc.constantFrom(...SELDOM) },
);
type Command = (typeof OFTEN | typeof SELDOM)[number];

/** Plays commands as the loop does: an edge, then the judgement, then the hand-over, with anything in between. */
function createPlayer() {
  let state: LoopState = Object.freeze(SWITCHED_ON);
  let stage: 'idle' | 'begun' | 'judged' = 'idle';
  let ends: StepEnd['end'];
  let asked: StepEnd['end'];
  let edges = 0;
  let opened = 0;
  let closed = 0;
  let beganInRunning = new Set<Flight>();
  const stored = new Set<Flight>();

  const note = (effect: LoopEffect) => {
    if (effect.kind === 'mark-stopped') asked = ABORTED;
    if (effect.kind === 'open-episode') {
      assert.equal(opened, closed, 'an episode opens while another is open');
      opened++;
    }
    if (effect.kind === 'close-episode') {
      closed++;
      assert.equal(closed, opened, 'an episode is closed twice, or before it was opened');
    }
    if (effect.kind === 'store-step') {
      assert.equal(opened, closed + 1, 'a step is stored outside an episode');
      assert.ok(beganInRunning.delete(effect.step), 'a step is stored that did not begin in RUNNING');
      assert.ok(!stored.has(effect.step), 'a step is stored twice');
      stored.add(effect.step);
    }
  };

  const send = (event: LoopEvent) => {
    const before = state;
    const { state: after, effects } = advance(before, event);
    state = Object.freeze(after);
    const announced = effects.filter(({ kind }) => kind === 'announce').length;
    if (event.kind === 'halt') {
      assert.deepEqual([after.phase, after.latched, mayMove(after), announced], ['hold', true, false, 1]);
      assert.equal(after.holds, before.holds + 1);
    } else if (after.phase !== before.phase) {
      assert.ok(CHANGES.has(`${before.phase} ${event.kind} ${after.phase}`), `${before.phase} → ${after.phase}`);
      assert.deepEqual([announced, before.latched], [1, false]);
    } else assert.equal(announced, after.phase === 'resetting' && event.kind === 'reset' && !before.latched ? 1 : 0);
    if (mayMove(before) && !mayMove(after)) assert.ok(ENDS_MOTION.has(event.kind), `${event.kind} ends motion late`);
    if (mayMove(after)) assert.deepEqual([after.phase, after.latched], ['running', false]);
    assert.equal(after.holdReason === undefined, after.phase !== 'hold');
    if (event.kind === 'begin' && after.phase !== before.phase) asked = undefined;
    for (const effect of effects) note(effect);
  };

  const edge = () => {
    assert.equal(state.closing, undefined, 'a step is lost');
    send({ kind: 'begin' });
    const next = newFlight(100 * edges++, 'policy');
    send({ kind: 'edge', next });
    if (state.step === next) {
      assert.equal(state.phase, 'running');
      beganInRunning.add(next);
    }
    stage = state.step || state.closing ? 'begun' : 'idle';
  };
  const judge = () => {
    ends = state.closing && asked;
    if (ends) send({ kind: 'judged-end' });
    stage = 'judged';
  };
  const handOver = () => {
    send({ kind: 'observed', entry: { observation: OBSERVATION, judged: state.closing && judged(ends) } });
    stage = 'idle';
  };
  const abandon = () => {
    send({ kind: 'abandon' });
    beganInRunning = new Set();
    if (state.phase === 'running') send({ kind: 'halt', reason: 'The cameras are late.', by: 'engine' });
    stage = 'idle';
  };

  const play = (command: Command) => {
    switch (command) {
      case 'stop':
        return send({ kind: 'halt', reason: 'Stop', by: 'human' });
      case 'fault':
        return send({ kind: 'halt', reason: 'Fault', by: 'engine' });
      case 'mode':
        return send({ kind: 'mode', mode: state.mode === 'run' ? 'demonstrate' : 'run' });
      case 'verdict':
        asked = { outcome: 'success', judge: 'human' };
        return;
      case 'abandon':
        if (stage !== 'idle') abandon();
        return;
      case 'tick':
        return stage === 'idle' ? edge() : stage === 'begun' ? judge() : handOver();
      case 'go':
        for (const kind of ['release', 'reset', 'at-start', 'start'] as const) send({ kind });
        return;
      default:
        return send({ kind: command });
    }
  };
  return {
    play,
    state: () => state,
    counts: () => ({ opened, closed, stored: stored.size }),
    idle: () => stage === 'idle',
  };
}

test('property: the machine moves only in RUNNING, and stores each step and closes each episode exactly once', () => {
  let recorded = 0;
  fc.assert(
    fc.property(fc.array(anyCommand, { minLength: 40, maxLength: 120 }), (commands) => {
      const player = createPlayer();
      for (const command of commands) player.play(command);
      // Stop, and let the last steps be stored.
      player.play('stop');
      for (let stage = 0; stage < 9; stage++) player.play('tick');
      while (!player.idle()) player.play('tick');
      const { opened, closed, stored } = player.counts();
      assert.equal(opened, closed);
      recorded += stored;
    }),
    { numRuns: 1500 },
  );
  assert.ok(recorded > 1000, `only ${recorded} steps were stored`);
});

test('property: HOLD is left only by release and reset, and Resume asks for a puck at neutral', () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { minLength: 10, maxLength: 80 }), fc.boolean(), (commands, puckIsNeutral) => {
      const player = createPlayer();
      let heldSince: Command[] = [];
      for (const command of commands) {
        const before = player.state();
        player.play(command);
        const after = player.state();
        if (command === 'stop' || command === 'fault') heldSince = [];
        else heldSince.push(command);
        if (before.phase !== 'hold' || after.phase === 'hold') continue;
        assert.ok(command === 'reset' || command === 'go');
        const released = heldSince.some((earlier) => earlier === 'release' || earlier === 'go');
        assert.ok(before.holds === 0 || released, 'a reset left HOLD without a release');
      }
      const state = player.state();
      if (whyNotResume(state, puckIsNeutral) === undefined)
        assert.deepEqual([state.phase, state.step, puckIsNeutral], ['hold', undefined, true]);
    }),
    { numRuns: 2000 },
  );
});

const REST = [0, 0, 0, 0, 0, 0];
const PUSHED = [0, -1, 0, 0, 0, 0];
const anyDisturbance = fc.record({
  what: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom('resume', 'start', 'rest') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...(['stop', 'fault', 'push', 'key', 'verdict', 'end', 'nan', 'silent', 'camera', 'mode'] as const),
      ),
    },
  ),
  atMs: fc.integer({ min: 0, max: 99 }),
});

test('property: the whole loop commands the arm only in RUNNING, and the store gets whole episodes', async () => {
  let moves = 0;
  let ended = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyDisturbance, { minLength: 20, maxLength: 60 }), async (disturbances) => {
      const fake = createFakeCell();
      const writer = createFakeWriter();
      const endings: number[] = [];
      let outsideRunning = 0;
      let resuming = 0;
      const rig = await bench({
        cell: {
          ...fake,
          command: (setPoint) => {
            assert.equal(rig.engine.loop.phase(), 'running');
            moves++;
            fake.command(setPoint);
          },
        },
        writer: {
          ...writer,
          beginEpisode: (start) => {
            assert.equal(endings.length, writer.episodes.length, 'an episode begins before the last one has ended');
            outsideRunning = 0;
            return writer.beginEpisode(start);
          },
          appendStep: (id, step) => {
            assert.ok(!endings.includes(id), 'a step comes after the end of its episode');
            // Stop may come when one step waits for the store already; the step that it cuts follows.
            if (rig.engine.loop.phase() !== 'running') outsideRunning++;
            assert.ok(outsideRunning <= 2);
            writer.appendStep(id, step);
          },
          endEpisode: (id, end) => {
            endings.push(id);
            writer.endEpisode(id, end);
          },
        },
      });
      const { engine, policy } = rig;
      const { clock } = engine.options.cell;
      let phase = engine.loop.phase();
      engine.onChanged(() => {
        const next = engine.loop.phase();
        if (phase === 'hold' && next !== 'hold') {
          assert.ok(next === 'resetting' && resuming > 0, `HOLD was left for ${next} without Resume`);
          const { puckAxes, puckButtons } = engine.status();
          const [x = 0, y = 0, z = 0, a = 0, b = 0, c = 0] = puckAxes;
          assert.ok(isNeutral(deflectionOf([x, y, z, a, b, c]), DEFAULT_TAKEOVER) && puckButtons === 0);
        }
        phase = next;
      });
      const resume = async () => {
        resuming++;
        await engine.resume();
        resuming--;
      };
      const disturb = (what: (typeof disturbances)[number]['what']) => {
        fake.failCaptures(what === 'camera' ? new Error('no picture') : undefined);
        policy.say(() => proposal([what === 'nan' ? Number.NaN : 0.5]));
        if (what === 'silent') policy.say(() => ({ kind: 'failed', message: 'silent', remedy: '' }));
        if (what === 'stop') engine.loop.stop('Stop');
        if (what === 'fault') fake.fault({ device: 'arm', message: 'joint limit', remedy: 'Look.' });
        if (what === 'resume') void resume();
        if (what === 'start') engine.loop.start();
        if (what === 'push' || what === 'rest') rig.puckAt(clock.nowMs(), what === 'push' ? PUSHED : REST);
        if (what === 'key') engine.loop.takeoverKey(true);
        if (what === 'verdict') engine.verdict('success', undefined);
        if (what === 'end') engine.endEpisode();
        if (what === 'mode') engine.setMode(engine.loop.mode() === 'run' ? 'demonstrate' : 'run');
      };
      engine.loop.anchor(clock.nowMs());
      for (const { what, atMs } of disturbances) {
        fake.clock.at(clock.nowMs() + atMs, () => disturb(what));
        await ticks(engine, 1);
        if (engine.loop.phase() !== 'running')
          assert.equal(fake.commands.at(-1)?.setPoint, undefined, 'the arm moves on');
      }
      engine.loop.stop('The test is over.');
      await ticks(engine, 3);
      assert.deepEqual(
        endings,
        writer.episodes.map((_, index) => index + 1),
      );
      ended += endings.length;
    }),
    { numRuns: 60 },
  );
  assert.ok(moves > 100 && ended > 50, `only ${moves} moves in ${ended} episodes`);
});
