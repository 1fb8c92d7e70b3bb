/**
 * A person's way into the loop: readings of the puck, the takeover key and the gripper's buttons go to arbitration. A
 * takeover between two edges moves the set-point at once; giving control back waits for the next edge.
 */
import type { PuckReading } from '../../../native/device.ts';
import type { SafetyEvent } from '../../api/limits.ts';
import { deflectionOf } from '../../api/teleop.ts';
import { type ArbitrationInput, type ArbitrationState, arbitrate, FRESH } from './arbitration.ts';
import type { Commander } from './commander.ts';
import type { Driving } from './driving.ts';
import type { LoopOptions } from './loop-types.ts';
import { type LoopState, mayMove } from './phases.ts';

type GripperWish = 'open' | 'close' | 'toggle';

export type Takeover = ReturnType<typeof createTakeover>;

export function createTakeover(options: {
  readonly loop: LoopOptions;
  readonly driving: Driving;
  readonly commander: Commander;
  readonly state: () => LoopState;
  /** Called with the safety event that made the arm hold. */
  readonly held: (cause: SafetyEvent) => void;
}) {
  const { driving, commander, state, held } = options;
  const { cell, puck, settings, events } = options.loop;
  let arbitration: ArbitrationState = FRESH;
  let buttonsBefore = 0;

  const apply = (input: ArbitrationInput, reading: PuckReading) => {
    const { change, state: next } = arbitrate(arbitration, input, settings.takeover);
    arbitration = next;
    if (change) events.driver?.(change === 'takeover' ? 'human' : 'policy');
    const { step } = state();
    if (change !== 'takeover' || input.kind === 'edge' || step?.actor !== 'policy') return;
    const cause = driving.takeOver(step, reading);
    if (cause) held(cause);
  };

  const applyReading = (kind: 'reading' | 'edge', reading: PuckReading) => {
    const { axes, buttons } = reading;
    apply({ kind, timeMs: cell.clock.nowMs(), deflection: deflectionOf(axes), buttons }, reading);
  };

  const requestGripper = (wish: GripperWish) => {
    const other = commander.gripper() === 'open' ? 'close' : 'open';
    driving.requestGripper(wish === 'toggle' ? other : wish);
  };

  /** Button 0 closes and button 1 opens. When one of them is the hold button, the other toggles. */
  const requestGripperFrom = (pressed: number) => {
    const holdButton = settings.takeover.mode === 'hold' ? settings.takeover.holdButton : undefined;
    for (const button of [0, 1]) {
      if (button === holdButton || ((pressed >>> button) & 1) === 0) continue;
      requestGripper(holdButton === 0 || holdButton === 1 ? 'toggle' : button === 0 ? 'close' : 'open');
    }
  };

  const driver = () => {
    const { phase, mode } = state();
    return phase !== 'running' ? 'nobody' : mode === 'demonstrate' ? 'human' : arbitration.driver;
  };

  const runs = () => state().phase === 'running' && state().mode === 'run';

  return {
    /** Begins an episode, with the policy in control. */
    begin: () => {
      arbitration = FRESH;
    },
    driver,
    /** Decides who drives the step that begins now. */
    atEdge: () => {
      if (!runs()) return;
      applyReading('edge', puck.reading());
      if (arbitration.driver === 'policy') driving.requestGripper(undefined);
    },
    key: (engaged: boolean) => {
      if (runs()) apply({ kind: 'key', timeMs: cell.clock.nowMs(), engaged }, puck.reading());
    },
    /** Counts only while a person drives. */
    gripper: (wish: GripperWish) => {
      if (driver() === 'human') requestGripper(wish);
    },
    dispose: puck.onReading((reading) => {
      const pressed = reading.buttons & ~buttonsBefore;
      buttonsBefore = reading.buttons;
      if (state().phase !== 'running') return;
      requestGripperFrom(pressed);
      if (runs() && mayMove(state())) applyReading('reading', reading);
    }),
  };
}
