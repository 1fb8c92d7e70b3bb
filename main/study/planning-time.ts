/** How long one evaluation of a policy takes on this machine, one thread, nothing else asked of it. */
import type { Clock } from '../api/clock.ts';
import { PROPRIOCEPTION_SIZE } from '../api/observation.ts';
import type { Rng } from '../api/rng.ts';
import { createPolicyRuntime } from '../policy/policy-runtime.ts';

export interface PlanningTime {
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Evaluations timed. */
  readonly evaluations: number;
}

const EVALUATIONS = 200;
const WARM_UP = 20;

/** Every evaluation plans anew, as if somebody else had acted before it. */
export async function planningTime(manifestPath: string, clock: Clock, rng: Rng): Promise<PlanningTime> {
  const runtime = createPolicyRuntime();
  try {
    const manifest = await runtime.load(manifestPath, undefined);
    runtime.startEpisode(0, 0);
    const tookMs: number[] = [];
    for (let index = 0; index < WARM_UP + EVALUATIONS; index++) {
      runtime.observe(Float32Array.from({ length: PROPRIOCEPTION_SIZE }, () => rng.normal()));
      runtime.interrupt();
      const embedding = Float32Array.from({ length: manifest.embeddingSize }, () => rng.normal());
      const startMs = clock.nowMs();
      await runtime.act(embedding);
      if (index >= WARM_UP) tookMs.push(clock.nowMs() - startMs);
    }
    tookMs.sort((a, b) => a - b);
    const at = (share: number) => tookMs[Math.ceil(share * tookMs.length) - 1] ?? 0;
    return { medianMs: at(0.5), p99Ms: at(0.99), evaluations: tookMs.length };
  } finally {
    await runtime.dispose();
  }
}
