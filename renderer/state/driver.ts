/** The driver in one word, one colour and one shape: a pure function of the link and the engine's status. */
import type { Status } from '../../main/api/index.ts';
import type { GlyphName } from '../ui/glyph.tsx';

export type Tone = 'policy' | 'human' | 'hold' | 'danger' | 'plain';
/** Colour and shape of each word. */
const LOOKS = {
  POLICY: { tone: 'policy', glyph: 'disc' },
  YOU: { tone: 'human', glyph: 'diamond' },
  READY: { tone: 'plain', glyph: 'ring' },
  RESETTING: { tone: 'plain', glyph: 'arc' },
  HOLD: { tone: 'hold', glyph: 'bars' },
  STOPPED: { tone: 'danger', glyph: 'octagon' },
  FAULT: { tone: 'danger', glyph: 'triangle' },
  'NO LINK': { tone: 'hold', glyph: 'broken' },
} as const satisfies Readonly<Record<string, { readonly tone: Tone; readonly glyph: GlyphName }>>;

/** `detail`: one line that says why, or what comes next. */
const view = (word: keyof typeof LOOKS, detail: string) => ({ word, ...LOOKS[word], detail });

export type DriverInput = Pick<Status, 'phase' | 'mode' | 'driver' | 'holdReason' | 'fault' | 'policy'>;

/** The engine gives the cause of a hold in words only. Those of Stop begin with this. */
const stoppedByHand = /^\W*stop/i;

export function driverView(linked: boolean, status: DriverInput | undefined): ReturnType<typeof view> {
  if (!linked || !status) return view('NO LINK', 'the engine holds the arm by itself');
  if (status.fault) return view('FAULT', 'no motion is commanded');
  const policyName = status.policy ? `${status.policy.name}${status.policy.candidate ? ' · candidate' : ''}` : 'policy';
  switch (status.phase) {
    case 'hold':
      return view(stoppedByHand.test(status.holdReason ?? '') ? 'STOPPED' : 'HOLD', 'no motion is commanded');
    case 'resetting':
      return view('RESETTING', 'slowly back to the start');
    case 'ready':
      return status.driver === 'human' ? view('YOU', 'by hand, not recorded') : view('READY', 'waits for your go');
    case 'running':
      if (status.driver === 'human')
        return view('YOU', status.mode === 'demonstrate' ? 'demonstration, recording' : 'correction, recording');
      return status.driver === 'policy' ? view('POLICY', policyName) : view('HOLD', 'waits for the first command');
    default:
      return status.phase satisfies never;
  }
}
