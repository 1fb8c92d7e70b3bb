/** Made-up test data of a project: episodes that get better, two runs, policies. Deterministic. */
import {
  type CallResult,
  DEFAULT_SUCCESS_TICKS,
  DEFAULT_TAKEOVER,
  DEFAULT_TELEOP_MAP,
  type EpisodeSummary,
  type Rig,
  type RunOptions,
  type RunPlan,
  type RunStatus,
  type Status,
  SUCCESS_GUARDS,
  TASKS,
  type TaskId,
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
  tasks: Object.values(TASKS).map(({ id, instruction }) => ({ id, instruction })),
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

export const noBuffers: Status['buffers'] = {
  rlTransitions: 0,
  demoTransitions: 0,
  demonstrations: 0,
  interventionSteps: 0,
  episodes: 0,
};

export const starterName = (task: TaskId) => (task === 'insert' ? 'starter' : `starter-${task}`);

/** The list entries of the starters, each with a measurement of its own. */
export const starters: CallResult<'policy.list'>['policies'] = Object.values(TASKS).map(({ id }, index) => ({
  name: starterName(id),
  task: id,
  trainedSteps: 70,
  createdAtMs: 0,
  madeFrom: {
    demonstrations: 20,
    updates: 70,
    measured: { successes: 14 + index, episodes: 50, range: [0.17, 0.42], actingNoiseStd: 0.1 },
  },
}));

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
  tick: { hz: 10, jitterP99Ms: 0.4, missedDeadlines: 0, skippedEdges: 0, policyLatencyMs: 18.2 },
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

/** Returns a run's metrics at a step: losses fall, values rise, the floor binds less. Deterministic. */
function metricsAt(step: number, online: boolean): Record<string, number> {
  const share = step / (online ? 4000 : 1200);
  const rng = createRng(step);
  const about = (value: number, noise: number) => value * (1 + noise * (rng.uniform() - 0.5));
  return {
    criticLoss: about(0.18 + 1.4 * Math.exp(-5 * share), 0.35),
    actorLoss: about(0.4 + 0.8 * Math.exp(-3 * share), 0.2),
    bcLoss: about(0.3 + 0.5 * Math.exp(-4 * share), 0.2),
    qData: about(8.1 * (1 - Math.exp(-4 * share)), 0.05),
    qPolicy: about(7.5 * (1 - Math.exp(-4 * share)), 0.06),
    qTarget: about(8.3 * (1 - Math.exp(-4 * share)), 0.05),
    floorRate: about(0.75 * Math.exp(-4 * share) + 0.05, 0.2),
    calQlBoundRate: about(0.4 * Math.exp(-2 * share) + 0.1, 0.2),
    saturation: about(0.04, 0.6),
    updatesPerSec: about(13.8, 0.1),
    demoShare: online ? 0.5 : 1,
    interventionShare: about(online ? 0.21 : 0.4, 0.1),
    demonstrationShare: about(online ? 0.39 : 0.6, 0.1),
    ...(online
      ? { actorUpdatesPerStep: Math.min(1, 0.2 + share), criticUpdatesPerStep: Math.min(1, 0.2 + share) }
      : {}),
  };
}

const POINT_EVERY = 20;

export function metricSeries(run: RunStatus): Record<string, [number, number][]> {
  const series: Record<string, [number, number][]> = {};
  for (let step = POINT_EVERY; step <= run.step; step += POINT_EVERY)
    for (const [name, value] of Object.entries(metricsAt(step, run.spec.stage === 'online')))
      series[name] = [...(series[name] ?? []), [step, value]];
  return series;
}

/** The run after more updates, as its next status tells it. */
export function advanced(run: RunStatus, updates: number): RunStatus {
  const step = Math.min(run.steps ?? Number.POSITIVE_INFINITY, run.step + updates);
  const online = run.spec.stage === 'online';
  const metricsStep = Math.floor(step / POINT_EVERY) * POINT_EVERY;
  return {
    ...run,
    state: 'running',
    step,
    updatesPerSec: 13.6,
    metrics: metricsStep > 0 ? metricsAt(metricsStep, online) : {},
    ...(metricsStep > 0 ? { metricsStep } : {}),
    ...(run.steps === undefined ? {} : { secondsLeft: (run.steps - step) / 13.6 }),
    ...(online ? { owed: Math.max(0, 2000 - step) } : {}),
    ...(step >= 400 ? { policy: `run-${run.id}/${Math.floor(step / 400) * 400}` } : {}),
  };
}

export function pastRun(): RunStatus {
  const spec: RunStatus['spec'] = {
    ...({ algorithm: 'conrft', preset: 'cell', stage: 'offline', task: 'insert', observation: 'pixels' } as const),
    steps: 1200,
    seed: 1,
    startFrom: 'starter',
  };
  return {
    id: 1,
    spec,
    state: 'finished',
    startedAtMs: EVENING_MS + 240_000,
    step: 1200,
    steps: 1200,
    updatesPerSec: 14.2,
    metrics: metricsAt(1200, false),
    policy: 'run-1/1200',
  };
}

/** As `run.start` makes it. */
export function newRun(id: number, request: Partial<RunStatus['spec']>): RunStatus {
  const stage = request.stage ?? 'online';
  return {
    id,
    spec: { ...pastRun().spec, steps: undefined, ...request, stage, startFrom: 'run-1/1200' },
    state: 'waiting',
    startedAtMs: EVENING_MS + 900_000 + 60_000 * id,
    step: 0,
    ...(stage === 'offline' ? { steps: 1200 } : {}),
    updatesPerSec: 0,
    metrics: {},
  };
}

export function settingsOf(run: RunStatus): Record<string, string> {
  const paper = run.spec.preset === 'paper';
  return {
    hidden: paper ? '256, 256' : '128, 128',
    discount: '0.98',
    learningRate: '0.0003',
    mcFloor: paper ? 'off' : 'cut',
    'offline.alpha': paper ? '0.01' : '0',
    'online.beta': '0.5',
  };
}

export const runOptions: RunOptions = {
  algorithms: [
    { name: 'conrft', presets: ['cell', 'paper', 'released-code'] },
    { name: 'cal-ql', presets: ['cell', 'paper'] },
    { name: 'rlpd', presets: ['cell', 'paper'] },
  ],
  recipes: [
    { name: 'rl-fine-tune', title: 'RL fine-tuning of a demonstrated policy', algorithm: 'conrft', preset: 'cell' },
  ],
};

export function planOf(request: Partial<RunStatus['spec']>, status: Status): RunPlan {
  const { spec } = newRun(0, request);
  const online = spec.stage === 'online';
  const { startFrom: _, ...fresh } = spec;
  return {
    spec: spec.algorithm === 'rlpd' ? fresh : spec,
    needs: [],
    ...(spec.algorithm === 'rlpd'
      ? {
          freshBecause:
            'run-1/1200 does not fit: its actions come from a consistency head, those of rlpd from a tanh-gaussian head.',
        }
      : {}),
    ...(online ? {} : { steps: 1200 }),
    owed: online ? status.buffers.rlTransitions : 0,
    updatesPerStep: 1,
    demoShare: online ? 0.5 : 1,
    ...(spec.algorithm === 'conrft' ? { speed: { runId: 1, updatesPerSec: 14.2 } } : {}),
  };
}
