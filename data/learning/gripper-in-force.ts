/**
 * The gripper's command in force at every step of an episode: +1 open, −1 closed. A recorded action holds the command that was
 * given, which is 0 in most steps, because a person presses a button once. Giving the command in force again changes nothing.
 */
import { ACTION_NAMES } from '../../main/api/action.ts';
import { proprioceptionOffset } from '../../main/api/observation.ts';

const GRIPPER = ACTION_NAMES.indexOf('gripper');
/** Commands beyond this value open or close (`main/api/action.ts`). */
const COMMAND = 0.5;
/** A gripper that is opened by more than this share before the first command counts as open. */
const OPEN_ABOVE = 0.9;

/** `first`: the proprioception of the episode's first instant. Returns the actions [A] with the command in force. */
export function withGripperInForce(first: Float32Array, actions: readonly Float32Array[]): Float32Array[] {
  let inForce = first[proprioceptionOffset('gripper')]! > OPEN_ABOVE ? 1 : -1;
  return actions.map((action) => {
    const given = action[GRIPPER]!;
    if (Math.abs(given) > COMMAND) inForce = Math.sign(given);
    const held = action.slice();
    held[GRIPPER] = inForce;
    return held;
  });
}
