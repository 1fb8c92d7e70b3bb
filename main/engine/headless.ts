/**
 * Runs an episode without a window or a person, on the cell's own clock. The scripted operator acts by raw HID reports,
 * a little before each tick's edge, through the same driver as a real puck.
 */
import { systemClock } from '../api/clock.ts';
import type { EpisodeSummary, Mode } from '../api/episode.ts';
import type { Engine } from './engine.ts';
import type { TickReport } from './loop/tick-stats.ts';

interface ScriptedOperator {
  /** Called when the scene has been reset. */
  begin(): void;
  /** Decides once per control period. Returns the raw reports to send now. */
  tick(): readonly Uint8Array[];
}

interface EpisodeRequest {
  readonly seed: number;
  readonly mode: Mode;
  readonly operator?: ScriptedOperator | undefined;
  /** Receives the operator's reports: a fake HID bus under a SpaceMouse driver. */
  readonly transport?: { push(bytes: Uint8Array): void } | undefined;
  /** Time before each edge at which the operator decides, from 0 to the control period. */
  readonly operatorLeadMs?: number;
  readonly signal?: AbortSignal | undefined;
}

interface EpisodeTiming {
  readonly simulatedSec: number;
  readonly wallSec: number;
  readonly realTimeFactor: number;
  readonly ticks: TickReport;
}

export type EpisodeRun =
  | { readonly kind: 'ended'; readonly episode: EpisodeSummary; readonly timing: EpisodeTiming }
  /** The arm was held before anything was recorded, or could not be reset. */
  | { readonly kind: 'refused'; readonly message: string; readonly remedy: string };

const DEFAULT_OPERATOR_LEAD_MS = 10;

/** Remedy for a run without a window, because a fault's own remedy names buttons of the window. */
const CALL_AGAIN = 'Remove the cause, then start the command again.';

const whyHeld = (engine: Engine) => engine.status().fault?.what ?? engine.loop.holdReason();

export async function runEpisode(engine: Engine, request: EpisodeRequest): Promise<EpisodeRun> {
  const { loop } = engine;
  const { clock } = engine.options.cell;
  const { operator, transport } = request;
  const { periodMs } = loop.timing;
  const wallStartMs = systemClock.nowMs();
  const startMs = clock.nowMs();
  const before = engine.recorder.summary()?.id;

  const refusedMode = loop.setMode(request.mode);
  if (refusedMode) return { kind: 'refused', message: refusedMode, remedy: 'End the running episode first.' };
  const loaded = await engine.loadPolicyInUse();
  if (loaded.kind === 'refused') return loaded;
  // A caller that asks for an episode wants the arm to move.
  loop.release();
  if (!(await loop.reset(request.seed)))
    return {
      kind: 'refused',
      message: `The cell could not be reset for seed ${request.seed}: ${whyHeld(engine) ?? loop.phase()}`,
      remedy: CALL_AGAIN,
    };
  const originMs = clock.nowMs();
  loop.anchor(originMs);
  operator?.begin();
  const act = () => {
    for (const report of operator?.tick() ?? []) transport?.push(report);
  };
  act();
  const refusal = loop.start();
  if (refusal) return { kind: 'refused', ...refusal };

  const leadMs = request.operatorLeadMs ?? DEFAULT_OPERATOR_LEAD_MS;
  for (let tick = 0; tick === 0 || loop.phase() === 'running' || loop.episodeOpen(); tick++) {
    if (request.signal?.aborted) loop.stop('The run was cancelled.');
    const cancel = operator && tick > 0 ? clock.at(originMs + tick * periodMs - leadMs, act) : () => {};
    await loop.tick();
    cancel();
  }
  const episode = engine.recorder.summary();
  if (!episode || episode.id === before)
    return { kind: 'refused', message: whyHeld(engine) ?? 'Nothing was recorded.', remedy: CALL_AGAIN };
  const simulatedSec = (clock.nowMs() - startMs) / 1000;
  const wallSec = (systemClock.nowMs() - wallStartMs) / 1000;
  const realTimeFactor = wallSec > 0 ? simulatedSec / wallSec : 0;
  return { kind: 'ended', episode, timing: { simulatedSec, wallSec, realTimeFactor, ticks: loop.stats() } };
}
