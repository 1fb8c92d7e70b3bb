/**
 * Composition root of headless runs: the simulated cell in lockstep, a policy process and the scripted operator. The
 * operator acts by raw HID reports through the SpaceMouse driver. A rig that only measures has no writer.
 */
import type { StoreWriter } from '../../data/records.ts';
import { createFakeHid } from '../../native/fake-hid.ts';
import type { Conditions } from '../../native/sim/conditions.ts';
import { createLockstepCell, type LockstepCell } from '../../native/sim/lockstep-cell.ts';
import { createExpert, type Expert } from '../../native/sim/people/expert.ts';
import { createOperator } from '../../native/sim/people/operator.ts';
import { createSpaceMouse } from '../../native/spacemouse.ts';
import { systemClock } from '../api/clock.ts';
import type { ObservationKind } from '../api/observation.ts';
import { createRng } from '../api/rng.ts';
import type { TaskId } from '../api/task.ts';
import { DEFAULT_TAKEOVER } from '../api/teleop.ts';
import { createEngine, type Engine } from './engine.ts';
import { type EpisodeRun, runEpisode } from './headless.ts';
import { createPolicyClient } from './policy/policy-client.ts';
import type { PolicySource } from './policy/policy-source.ts';
import { createScriptedPolicy, type Script } from './policy/scripted-policy.ts';

interface HeadlessRigOptions {
  readonly projectFolder: string;
  readonly task: TaskId;
  readonly observation: ObservationKind;
  readonly encoderManifestPath: string | undefined;
  readonly writer: StoreWriter | undefined;
  /** `scripted`: the expert, which knows the simulator's truth, drives in the policy's place. */
  readonly policy: { readonly kind: 'process' } | { readonly kind: 'scripted' };
  readonly actingNoiseStd?: number;
  /** Light, colours and camera poses. Default: the usual ones. */
  readonly conditions?: Conditions;
}

export { CONDITIONS, type Conditions } from '../../native/sim/conditions.ts';

/** Simulated time that the policy's answer takes. It is less than the effect delay, so it delays nothing. */
const SIMULATED_LATENCY_MS = 20;
/** Button that the operator holds while driving. The first two move the gripper. */
const HOLD_BUTTON = 2;

/** Help for the policy: none, the operator from start to end, or the operator when the policy errs. */
export type Help = 'alone' | 'demonstrate' | 'supervise';

export interface HeadlessRig {
  readonly engine: Engine;
  episode(seed: number, help: Help, signal?: AbortSignal): Promise<EpisodeRun>;
  close(): Promise<void>;
}

/** Throws with message and remedy when cell, puck or policy cannot be opened. */
export async function createHeadlessRig(options: HeadlessRigOptions): Promise<HeadlessRig> {
  const { projectFolder, task, observation, encoderManifestPath, writer, actingNoiseStd, conditions } = options;
  const cell = createLockstepCell({
    renderCameras: observation === 'pixels',
    ...(conditions && { conditions }),
  });
  const takeover = { ...DEFAULT_TAKEOVER, mode: 'hold', holdButton: HOLD_BUTTON } as const;
  const hid = createFakeHid();
  const puck = createSpaceMouse({ transport: hid, clock: cell.clock, takeover: () => takeover });
  const policy: PolicySource =
    options.policy.kind === 'process'
      ? createPolicyClient({ clock: systemClock, encoderManifestPath })
      : createScriptedPolicy(expertScript(cell, task));
  const engine = createEngine({
    projectFolder,
    writer,
    cell,
    puck,
    policy,
    pace: { kind: 'simulated', latencyMs: SIMULATED_LATENCY_MS },
    headless: true,
    task,
    observation,
    workspace: () => cell.workspace(),
    settings: { takeover, actingNoiseStd },
  });
  const opened = await engine.open();
  if (opened.kind === 'refused') throw new Error(`${opened.message} ${opened.remedy}`);
  return {
    engine,
    episode: (seed, help, signal) => {
      const rng = createRng(seed).split('operator');
      const { mode: takeoverMode, holdButton } = takeover;
      const person =
        help === 'alone' ? undefined : createOperator({ task, rng, mode: help, takeover: takeoverMode, holdButton });
      const operator = person && {
        begin: () => person.begin(cell.truth()),
        tick: () => person.tick(cell.truth()),
      };
      const mode = help === 'demonstrate' ? 'demonstrate' : 'run';
      return runEpisode(engine, { seed, mode, transport: hid, operator, signal });
    },
    close: () => engine.close(),
  };
}

function expertScript(cell: LockstepCell, task: TaskId): Script {
  let expert: Expert | undefined;
  return {
    begin: (seed) => {
      expert = createExpert(task, createRng(seed).split('expert'));
    },
    act: () => {
      if (!expert) throw new Error('the scripted expert was asked to act before an episode began');
      return expert.nextAction(cell.truth());
    },
  };
}
