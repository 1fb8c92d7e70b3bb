/** Wilson's score interval for a share of successes (Wilson 1927): honest at 0 % and 100 %, unlike the normal approximation. */

const Z_95 = 1.959963984540054;

/** [low, high] of the 95 % interval for `successes` out of `trials`; [0, 1] when there were none. */
export function wilson95(successes: number, trials: number): readonly [number, number] {
  if (trials === 0) return [0, 1];
  const share = successes / trials;
  const z2 = (Z_95 * Z_95) / trials;
  const centre = (share + z2 / 2) / (1 + z2);
  const half = (Z_95 * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials))) / (1 + z2);
  // The bounds are exact where nothing, or everything, succeeded; rounding would leave 0.9999….
  return [successes === 0 ? 0 : centre - half, successes === trials ? 1 : centre + half];
}
