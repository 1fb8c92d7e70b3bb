/**
 * Thins a long curve to few points. It keeps the lowest and the highest value of each stretch of steps, so that no spike
 * is lost.
 */
export type SeriesPoint = readonly [step: number, value: number];

/** Returns at most `atMost` (4 or more) of the `points`, which rise in step. The first and the last are kept. */
export function thinSeries(points: readonly SeriesPoint[], atMost: number): readonly SeriesPoint[] {
  const first = points[0];
  const last = points[points.length - 1];
  if (!first || !last || points.length <= atMost) return points;
  const stretches = Math.floor((atMost - 2) / 2);
  const width = (last[0] - first[0]) / stretches;
  const kept: SeriesPoint[] = [first];
  let [low, high, stretch] = [first, first, 0];
  const close = () => {
    const pair = low[0] < high[0] ? [low, high] : [high, low];
    for (const point of pair) if (point[0] > (kept[kept.length - 1]?.[0] ?? 0) && point !== last) kept.push(point);
  };
  for (const point of points) {
    const at = Math.min(stretches - 1, Math.floor((point[0] - first[0]) / width));
    if (at !== stretch) {
      close();
      [low, high, stretch] = [point, point, at];
    }
    if (point[1] < low[1]) low = point;
    if (point[1] > high[1]) high = point;
  }
  close();
  kept.push(last);
  return kept;
}
