/**
 * Robot time of a session: the simulated time in which the arm was in use while it learned. An episode counts from its
 * first step to its last, as steps × control period.
 *   counts          Demonstrations, failed attempts at them included, and corrected episodes.
 *   does not count  Evaluations and reports, because nothing is learned from them. Resets, because the simulated cell
 *                   resets at once; a real cell needs time for them. Episodes that an interruption has cut off,
 *                   because they are recorded again.
 */
import { z } from 'zod';

export const robotTimeSchema = z
  .object({
    demonstrationSec: z.number(),
    /** Episodes in which the operator corrected the policy. */
    correctedSec: z.number(),
  })
  .readonly();
export type RobotTime = z.infer<typeof robotTimeSchema>;

export const NO_ROBOT_TIME: RobotTime = { demonstrationSec: 0, correctedSec: 0 };

const MS_PER_SEC = 1000;
const SEC_PER_10_MIN = 600;

/** Returns the time that a number of steps takes, in seconds. */
export const secondsOf = (steps: number, periodMs: number): number => (steps * periodMs) / MS_PER_SEC;

/** Returns the robot time of demonstrations and corrected episodes together, in seconds. */
export const learningSec = ({ demonstrationSec, correctedSec }: RobotTime): number => demonstrationSec + correctedSec;

/**
 * Returns the throughput of a policy: successes per 10 minutes of robot time. `robotSec` is the time of all its
 * episodes, failures and time-outs included. Resets are not simulated, so a real cell achieves less. 0 without time.
 */
export const successesPer10Min = (successes: number, robotSec: number): number =>
  robotSec > 0 ? (successes * SEC_PER_10_MIN) / robotSec : 0;
