/** Says what a device's first two buttons do to the gripper. The control loop acts on them. */
import type { TakeoverSettings } from '../../main/api/index.ts';

export function gripperButtonsInWords({ mode, holdButton }: TakeoverSettings): string {
  if (mode !== 'hold' || holdButton > 1) return 'On the device, button 0 closes it and button 1 opens it.';
  return `On the device, button ${1 - holdButton} opens or closes it; button ${holdButton} is held to drive.`;
}
