/**
 * Combines the sources of this window into one deflection: the puck on screen, held keys, each gamepad. The source that
 * moved last leads (`createLead`). The deflection is sent at 30 Hz while it is not zero. Zero is sent at once when
 * everything is released.
 */
import { createLead, type TakeoverSettings, type Vec6 } from '../../main/api/index.ts';
import { isZero, NEUTRAL } from './held-keys.ts';

type PuckSource = 'screen' | 'keyboard' | `gamepad ${number}`;
export interface PuckMessage {
  readonly source: 'screen' | 'keyboard' | 'gamepad';
  readonly axes: Vec6;
  readonly buttons: number;
}

export class PuckDriver {
  private readonly send: (message: PuckMessage) => void;
  private readonly sources = new Map<PuckSource, Omit<PuckMessage, 'source'>>();
  private readonly lead;
  private sent: PuckMessage = { source: 'screen', axes: NEUTRAL, buttons: 0 };

  constructor(send: (message: PuckMessage) => void, takeover: () => TakeoverSettings) {
    this.send = send;
    this.lead = createLead<PuckSource>((source) => this.sources.get(source)?.axes ?? NEUTRAL, takeover);
  }

  /** Returns the leader's axes and the buttons of all sources: the hold button counts on every source. */
  private current(): PuckMessage {
    const leader = this.lead.leader();
    const holding = [...this.sources].find(([, { buttons }]) => buttons !== 0)?.[0];
    const axes = (leader && this.sources.get(leader)?.axes) ?? NEUTRAL;
    const buttons = [...this.sources.values()].reduce((bits, one) => (bits | one.buttons) >>> 0, 0);
    const source = (isZero(axes) ? holding : leader) ?? this.sent.source;
    return { source: source === 'screen' || source === 'keyboard' ? source : 'gamepad', axes, buttons };
  }

  /** Takes a new deflection. `buttons` has the hold button set while the source counts as held. */
  set(source: PuckSource, axes: Vec6, buttons: number): void {
    this.sources.set(source, { axes, buttons });
    this.lead.reported(source);
    this.tell();
  }

  /** Sends zero, whichever source moved: on blur, or when the window is hidden. */
  release(): void {
    for (const source of this.sources.keys()) this.lead.forget(source);
    this.sources.clear();
    this.tell();
  }

  /** Repeats a deflection that is held. Call it at 20 Hz or faster. */
  beat(): void {
    if (this.active) this.send(this.sent);
  }

  /** True while the newest message commands a motion. */
  get active(): boolean {
    return this.sent.buttons !== 0 || !isZero(this.sent.axes);
  }

  private tell(): void {
    const next = this.current();
    const same =
      next.buttons === this.sent.buttons && next.axes.every((value, index) => value === this.sent.axes[index]);
    this.sent = same && !this.active ? this.sent : next;
    if (!same) this.send(next);
  }
}
