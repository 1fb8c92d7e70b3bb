/**
 * How rough a policy's motion is: root mean square of the second difference of its executed actions. Actions are velocities, so
 * that is jerk, in units of action per tick². Only dimensions that the task uses; an episode of fewer than three steps adds nothing.
 */
export function rmsJerk(episodes: readonly (readonly (readonly number[])[])[], mask: readonly boolean[]): number {
  let [total, count] = [0, 0];
  for (const actions of episodes)
    for (let step = 2; step < actions.length; step++)
      mask.forEach((used, dimension) => {
        if (!used) return;
        const at = (back: number) => actions[step - back]![dimension]!;
        total += (at(0) - 2 * at(1) + at(2)) ** 2;
        count++;
      });
  return count > 0 ? Math.sqrt(total / count) : 0;
}
