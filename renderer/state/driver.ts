/** The driver in one word, one colour and one shape: a pure function of the link and the engine's status. */
import type { Status } from '../../main/api/index.ts';
import type { GlyphName } from '../ui/glyph.tsx';

export type Tone = 'policy' | 'human' | 'hold' | 'danger' | 'plain';
interface DriverView {
  readonly word: 'POLICY' | 'YOU' | 'READY' | 'RESETTING' | 'HOLD' | 'STOPPED' | 'FAULT' | 'NO LINK';
  readonly tone: Tone;
  readonly glyph: GlyphName;
  /** One line that says why, or what comes next. */
  readonly detail: string;
}
export type DriverInput = Pick<Status, 'phase' | 'mode' | 'driver' | 'holdReason' | 'fault' | 'policy'>;

/** The engine gives the cause of a hold in words only. Those of Stop begin with this. */
const stoppedByHand = /^\W*stop/i;

export function driverView(linked: boolean, status: DriverInput | undefined): DriverView {
  if (!linked || !status)
    return { word: 'NO LINK', tone: 'hold', glyph: 'broken', detail: 'the engine holds the arm by itself' };
  if (status.fault) return { word: 'FAULT', tone: 'danger', glyph: 'triangle', detail: 'no motion is commanded' };
  const policyName = status.policy ? `${status.policy.name}${status.policy.candidate ? ' · candidate' : ''}` : 'policy';
  switch (status.phase) {
    case 'hold':
      return stoppedByHand.test(status.holdReason ?? '')
        ? { word: 'STOPPED', tone: 'danger', glyph: 'octagon', detail: 'no motion is commanded' }
        : { word: 'HOLD', tone: 'hold', glyph: 'bars', detail: 'no motion is commanded' };
    case 'resetting':
      return { word: 'RESETTING', tone: 'plain', glyph: 'arc', detail: 'slowly back to the start' };
    case 'ready':
      return status.driver === 'human'
        ? { word: 'YOU', tone: 'human', glyph: 'diamond', detail: 'by hand, not recorded' }
        : { word: 'READY', tone: 'plain', glyph: 'ring', detail: 'waits for your go' };
    case 'running':
      if (status.driver === 'human')
        return {
          word: 'YOU',
          tone: 'human',
          glyph: 'diamond',
          detail: status.mode === 'demonstrate' ? 'demonstration, recording' : 'correction, recording',
        };
      if (status.driver === 'policy') return { word: 'POLICY', tone: 'policy', glyph: 'disc', detail: policyName };
      return { word: 'HOLD', tone: 'hold', glyph: 'bars', detail: 'waits for the first command' };
    default:
      return status.phase satisfies never;
  }
}
