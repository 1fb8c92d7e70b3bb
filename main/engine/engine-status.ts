/** The status of an engine and the rig that it runs, as windows see them. */
import { TASKS } from '../api/task.ts';
import type { Rig, Status } from '../api/window/status.ts';
import type { EngineParts } from './engine-types.ts';
import { statisticsOf } from './recording/statistics.ts';
import { diskNotice } from './recording/store-meter.ts';

export function statusOf(parts: EngineParts): Status {
  const { options, task, loop, policies, recorder, notices, success } = parts;
  const reading = options.puck.reading();
  const state = options.cell.state();
  const name = policies.name();
  const { id } = task.current();
  const open = loop.episodeOpen() ? recorder.summary() : undefined;
  const fault = notices.fault();
  const gauge = parts.storeMeter.read();
  const disk = fault ? undefined : diskNotice(gauge, options.projectFolder);
  return {
    timeMs: options.cell.clock.nowMs(),
    phase: loop.phase(),
    mode: loop.mode(),
    driver: loop.driver(),
    holdReason: loop.holdReason(),
    fault,
    notices: [...notices.list(), ...(disk ? [disk] : [])],
    episodeId: open?.id,
    step: open?.steps ?? 0,
    policy: name === undefined ? undefined : { name, candidate: policies.onTrial() },
    buffers: recorder.counts(id),
    labels: options.writer?.labelCounts(id) ?? { positives: 0, negatives: 0 },
    success: success.status(),
    tick: tickStatus(parts),
    forceInTool: [...state.wrenchInTool],
    gripperOpeningM: state.gripperOpeningM,
    puckAxes: [...reading.axes],
    puckButtons: reading.buttons,
    inputDevices: options.inputDevices?.() ?? [],
    safety: loop.episodeOpen() ? [...loop.newestSafety()] : [],
    ...gauge,
    ...statisticsOf(parts.episodes.recent().filter((episode) => episode.task === id)),
    holdsControls: false,
    controlsHeldByOther: false,
  };
}

function tickStatus({ loop, options }: EngineParts): Status['tick'] {
  const { hz, jitterP99Ms, missedDeadlines, skippedEdges, policyLatencyMs } = loop.stats();
  const realTimeFactor = options.cell.clock.pacing?.realTimeFactor();
  return { hz, jitterP99Ms, missedDeadlines, skippedEdges, realTimeFactor, policyLatencyMs };
}

export function rigOf({ options, task, loop, settings }: EngineParts): Rig {
  const { info } = options.cell;
  const { id, instruction, maxSteps } = task.current();
  return {
    robot: info.name,
    simulated: info.simulated,
    task: id,
    instruction,
    tasks: Object.values(TASKS).map((one) => ({ id: one.id, instruction: one.instruction })),
    maxSteps,
    periodMs: loop.timing.periodMs,
    ...settings.inForce,
    autoStart: settings.autoStart(),
    shapes: info.shapes,
    cameras: info.cameras,
    tactilePads: info.tactilePads,
    projectFolder: options.projectFolder,
  };
}

export function sendRig(parts: EngineParts): void {
  parts.messages.tell({ kind: 'rig', rig: rigOf(parts) });
}
