/** What a project looks like after an evening's work: episodes that get better, two runs, policies. Made up, deterministic, test data only. */

import {
  DEFAULT_SUCCESS_TICKS,
  DEFAULT_TAKEOVER,
  DEFAULT_TELEOP_MAP,
  type EpisodeSummary,
  type Rig,
  type RunStatus,
  type Status,
  SUCCESS_GUARDS,
  TASKS,
} from '../../main/api/index.ts';
import { createRng } from '../../main/api/rng.ts';
import { CELL_INFO } from '../../native/sim/cell-info.ts';

/** 23:40 of some evening. */
const EVENING_MS = 1_780_000_000_000;

export function pastEpisodes(count: number): EpisodeSummary[] {
  const rng = createRng(7);
  return Array.from({ length: count }, (_, index) => {
    const skill = Math.min(1, index / count + 0.12);
    const demonstration = index < 4;
    const steps = Math.round(44 + 50 * (1 - skill) + 12 * rng.uniform());
    const helped = !demonstration && rng.uniform() > skill;
    const humanSteps = demonstration
      ? steps
      : helped
        ? Math.round(steps * (0.15 + 0.5 * (1 - skill) * rng.uniform()))
        : 0;
    const success = demonstration || rng.uniform() < 0.35 + 0.62 * skill;
    const discarded = index === 9;
    return {
      id: index + 1,
      sessionId: 1,
      task: 'insert',
      mode: demonstration ? 'demonstrate' : 'run',
      observation: 'pixels',
      seed: 10_000_000 + index,
      ...(demonstration ? {} : { policy: index < 14 ? 'starter' : 'run-1/1200' }),
      policyIsCandidate: index >= 14 && index < 20,
      startedAtMs: EVENING_MS + index * 21_000,
      steps,
      humanSteps,
      takeovers: humanSteps > 0 && !demonstration ? 1 + Math.round(rng.uniform()) : 0,
      return: success ? 10 - 0.05 * steps : -0.05 * steps,
      outcome: success ? 'success' : rng.uniform() < 0.5 ? 'failure' : 'truncated',
      judge: success ? 'simulator' : 'time-limit',
      discarded,
    };
  });
}

export const contractRig: Omit<Rig, 'projectFolder'> & { projectFolder: string } = {
  robot: CELL_INFO.name,
  simulated: true,
  task: 'insert',
  instruction: TASKS.insert.instruction,
  maxSteps: TASKS.insert.maxSteps,
  periodMs: 100,
  limits: { ...CELL_INFO.limits, workspaceLowM: [0.4, -0.12, 0.012], workspaceHighM: [0.64, 0.2, 0.24] },
  takeover: DEFAULT_TAKEOVER,
  teleop: DEFAULT_TELEOP_MAP,
  actingNoiseStd: 0.05,
  autoStart: false,
  success: { by: 'simulator', ticks: DEFAULT_SUCCESS_TICKS, guard: SUCCESS_GUARDS.insert },
  shapes: CELL_INFO.shapes,
  cameras: CELL_INFO.cameras,
  tactilePads: CELL_INFO.tactilePads,
  projectFolder: 'projects/insert-evening',
};

export const firstStatus: Status = {
  timeMs: 0,
  phase: 'ready',
  mode: 'run',
  driver: 'nobody',
  step: 0,
  policy: { name: 'run-1/1200', candidate: true },
  buffers: { rlTransitions: 12_340, demoTransitions: 1204, demonstrations: 4, interventionSteps: 932, episodes: 26 },
  labels: { positives: 42, negatives: 118 },
  success: { guardMet: false, streak: 0 },
  tick: { hz: 10, jitterP99Ms: 0.4, missedDeadlines: 0, policyLatencyMs: 18.2 },
  forceInTool: [0, 0, 0, 0, 0, 0],
  gripperOpeningM: 0.008,
  puckAxes: [0, 0, 0, 0, 0, 0],
  puckButtons: 0,
  inputDevices: [
    {
      name: 'SpaceMouse Compact',
      kind: 'spacemouse',
      state: 'blocked',
      message: 'It is plugged in, but this user may not read it.',
      remedy: 'sudo cp 60-spacemouse.rules /etc/udev/rules.d/ && sudo udevadm trigger',
    },
    { name: 'Keyboard', kind: 'keyboard', state: 'ready' },
    { name: 'Puck on screen', kind: 'screen', state: 'ready' },
  ],
  safety: [],
  storeBytesPerHour: 3.4e9,
  diskFreeBytes: 128e9,
  recording: 'on',
  unaidedSuccessRate: 0.7,
  interventionRate: 0.11,
  holdsControls: false,
  controlsHeldByOther: false,
};

export function pastRun(): RunStatus {
  return {
    id: 1,
    spec: {
      algorithm: 'conrft',
      preset: 'cell',
      stage: 'offline',
      task: 'insert',
      observation: 'pixels',
      steps: 1200,
      seed: 1,
    },
    state: 'finished',
    startedAtMs: EVENING_MS + 240_000,
    step: 1200,
    steps: 1200,
    updatesPerSec: 14.2,
    metrics: { criticLoss: 0.21, actorLoss: 0.63 },
    policy: 'run-1/1200',
    message: 'Better than the starter on the selection seeds: 62 % against 24 %.',
  };
}

export function newRun(id: number, step: number): RunStatus {
  return {
    ...pastRun(),
    id,
    spec: { ...pastRun().spec, stage: 'online', steps: 4000, startFrom: 'run-1/1200' },
    state: 'running',
    step,
    steps: 4000,
    updatesPerSec: 13.6,
    secondsLeft: (4000 - step) / 13.6,
    policy: 'run-2/1600',
    message: 'Half RL, half demo.',
  };
}

export function metricSeries(steps: number): Record<string, [number, number][]> {
  const rng = createRng(3);
  const series = (make: (share: number) => number, noise: number) =>
    Array.from({ length: 80 }, (_, index): [number, number] => [
      Math.round((steps * (index + 1)) / 80),
      make((index + 1) / 80) * (1 + noise * (rng.uniform() - 0.5)),
    ]);
  return {
    criticLoss: series((share) => 0.18 + 1.4 * Math.exp(-5 * share), 0.35),
    actorLoss: series((share) => 0.4 + 0.8 * Math.exp(-3 * share), 0.2),
    qMean: series((share) => 7.5 * (1 - Math.exp(-4 * share)), 0.06),
    qData: series((share) => 8.1 * (1 - Math.exp(-4 * share)), 0.05),
    floorRate: series((share) => 0.75 * Math.exp(-4 * share) + 0.05, 0.2),
    saturation: series(() => 0.04, 0.6),
    updatesPerSec: series(() => 13.8, 0.1),
  };
}
