/**
 * One deflection from three sources of this window: the puck on screen, held keys, a gamepad. Sent at 30 Hz while it is not
 * neutral, and as zero at once when it returns to neutral. Whoever moved last is the source; letting go of one lets go of it all.
 */
import type { Vec6 } from '../../main/api/index.ts';
import { isNeutral, NEUTRAL } from './held-keys.ts';

export type PuckSource = 'screen' | 'keyboard' | 'gamepad';
export interface PuckMessage {
  readonly source: PuckSource;
  readonly axes: Vec6;
  readonly buttons: number;
}

export class PuckDriver {
  private readonly send: (message: PuckMessage) => void;
  private source: PuckSource = 'screen';
  private axes: Vec6 = NEUTRAL;
  private buttons = 0;

  constructor(send: (message: PuckMessage) => void) {
    this.send = send;
  }

  get current(): PuckMessage {
    return { source: this.source, axes: this.axes, buttons: this.buttons };
  }

  /** A new deflection. `buttons` has the hold button set while the source counts as held. */
  set(source: PuckSource, axes: Vec6, buttons: number): void {
    const neutral = isNeutral(axes) && buttons === 0;
    if (neutral && (this.source !== source || !this.active)) return;
    this.source = source;
    this.axes = axes;
    this.buttons = buttons;
    this.send(this.current);
  }

  /** Zero, whichever source moved: key-up, blur, a hidden window. */
  release(): void {
    if (!this.active) return;
    this.axes = NEUTRAL;
    this.buttons = 0;
    this.send(this.current);
  }

  /** Repeats what is held; to be called at 20 Hz or faster. */
  beat(): void {
    if (this.active) this.send(this.current);
  }

  get active(): boolean {
    return this.buttons !== 0 || !isNeutral(this.axes);
  }
}
