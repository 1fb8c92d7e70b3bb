/** The levels of quality: what is drawn, and how often, by the speed of the machine. Pure. */
export type QualityLevel = 'high' | 'medium' | 'low';
export interface Quality {
  readonly level: QualityLevel;
  readonly shadows: boolean;
  readonly maxFps: number;
  readonly maxPixelRatio: number;
  readonly latheSegments: number;
  /** Highest rate of the streams. */
  readonly streamHz: number;
}

export const QUALITIES: Readonly<Record<QualityLevel, Quality>> = {
  high: { level: 'high', shadows: true, maxFps: 60, maxPixelRatio: 2, latheSegments: 48, streamHz: 30 },
  medium: { level: 'medium', shadows: true, maxFps: 30, maxPixelRatio: 1, latheSegments: 32, streamHz: 30 },
  low: { level: 'low', shadows: false, maxFps: 10, maxPixelRatio: 1, latheSegments: 20, streamHz: 10 },
};
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

export function firstLevel(rendererName: string): QualityLevel {
  return SOFTWARE.test(rendererName) ? 'low' : 'high';
}

/** Steps down when frames take longer than their budget. It never steps up, because the level would then swing. */
export function nextLevel(level: QualityLevel, meanFrameMs: number): QualityLevel {
  if (level === 'high' && meanFrameMs > 22) return 'medium';
  if (level === 'medium' && meanFrameMs > 45) return 'low';
  return level;
}
