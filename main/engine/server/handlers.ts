/**
 * The handler of every call of the contract. The compiler checks that each call has one. Parameters are parsed before
 * they arrive here. A refusal says what is wrong and what to do.
 */
import type { z } from 'zod';
import type { CameraFrame, TactileFrame } from '../../api/observation.ts';
import type { CALLS, CallName } from '../../api/window/messages.ts';
import type { Engine } from '../engine.ts';
import type { WindowPuck } from '../pucks.ts';
import { type Answer, done, refused } from '../services.ts';

/** The window that calls, as the server knows it. */
export interface Caller {
  readonly id: number;
  claim(): void;
  release(): void;
  sendFrames(frames: readonly CameraFrame[], tactile: readonly TactileFrame[]): void;
}

export type Parameters<Name extends CallName> = z.output<(typeof CALLS)[Name]['parameters']>;
export type Result<Name extends CallName> = z.input<(typeof CALLS)[Name]['result']>;
export type Handlers = {
  readonly [Name in CallName]: (
    parameters: Parameters<Name>,
    caller: Caller,
  ) => Answer<Result<Name>> | Promise<Answer<Result<Name>>>;
};

/** Calls that any window may make, Stop among them. All others need the controls. */
export const FREE_CALLS: ReadonlySet<CallName> = new Set([
  'controls.claim',
  'controls.release',
  'input.heartbeat',
  'control.stop',
  'episode.list',
  'episode.replay',
  'episode.frames',
  'policy.list',
  'run.readiness',
  'run.options',
  'run.plan',
  'run.list',
  'run.metrics',
  'run.settings',
  'label.list',
  'classifier.state',
  'data.export',
]);

const NOTHING = done({});
const emptied = (answer: Answer<unknown>): Answer<Record<string, never>> => (answer.kind === 'done' ? NOTHING : answer);
const missing = (what: string) =>
  refused(`This engine was started without ${what}.`, `Start it with \`npx takeover serve\`, which brings ${what}.`);
const noEpisode = (id: number) => refused(`There is no episode ${id}.`, 'Choose one from the list.');
/** Waits for the store before it returns the answer, so that later reads see the change. */
const committed = async <Value>(engine: Engine, answer: Answer<Value>): Promise<Answer<Value>> => {
  await engine.recorder.drained();
  return answer;
};

/** The handlers of the calls whose names begin with one of these words. */
type Group<Prefix extends string> = Pick<Handlers, Extract<CallName, `${Prefix}.${string}`>>;

export function createHandlers(engine: Engine, windowPuck: WindowPuck | undefined): Handlers {
  return {
    ...controlHandlers(engine, windowPuck),
    ...dataHandlers(engine),
    ...trainingHandlers(engine),
  };
}

function controlHandlers(
  engine: Engine,
  windowPuck: WindowPuck | undefined,
): Group<'controls' | 'input' | 'control' | 'mode' | 'task' | 'settings'> {
  const { loop } = engine;
  return {
    'controls.claim': (_parameters, caller) => {
      caller.claim();
      return NOTHING;
    },
    'controls.release': (_parameters, caller) => {
      caller.release();
      return NOTHING;
    },
    'input.puck': ({ source, axes, buttons }) => {
      if (!windowPuck) return missing('the puck on the screen');
      windowPuck.feed(source, axes, buttons);
      return NOTHING;
    },
    'input.heartbeat': () => NOTHING,
    'control.stop': () => {
      loop.stop('Stop was pressed.');
      return NOTHING;
    },
    'control.resume': async () => emptied(await engine.resume()),
    'control.takeover': ({ engaged }) => {
      loop.takeoverKey(engaged);
      return NOTHING;
    },
    'control.gripper': ({ command }) => emptied(engine.gripper(command)),
    'mode.set': ({ mode }) => emptied(engine.setMode(mode)),
    'task.set': async ({ task }) => emptied(await engine.chooseTask(task)),
    'settings.set': (change) => {
      const { success, limits } = change;
      if (success?.by === 'simulator' && !engine.options.cell.info.simulated)
        return refused('This robot has no simulator that could judge.', 'Choose the classifier, or yourself.');
      if (success?.by === 'classifier' && engine.success.inUse() === undefined)
        return refused('No classifier is in use.', 'Train one in the Data tab first.');
      if (limits && [0, 1, 2].some((axis) => (limits.workspaceLowM[axis] ?? 0) >= (limits.workspaceHighM[axis] ?? 0)))
        return refused('The workspace box is empty: its low corner is not below its high corner.', 'Swap the corners.');
      engine.change(change);
      return NOTHING;
    },
  };
}

function dataHandlers(engine: Engine): Group<'episode' | 'label' | 'data'> {
  const { reader, exports } = engine.options;
  return {
    'episode.start': () => {
      const refusal = engine.loop.start();
      return refusal ? refused(refusal.message, refusal.remedy) : NOTHING;
    },
    'episode.verdict': ({ verdict, episodeId }) => committed(engine, emptied(engine.verdict(verdict, episodeId))),
    'episode.discard': ({ episodeId }) => committed(engine, emptied(engine.discard(episodeId))),
    'episode.undo': () => engine.undo(),
    'episode.reset': () => emptied(engine.endEpisode()),
    'episode.list': async ({ limit, beforeId }) =>
      reader ? done({ episodes: await reader.listEpisodes({ limit, beforeId }) }) : missing('a store'),
    'episode.replay': async ({ episodeId }) => {
      if (!reader) return missing('a store');
      const replay = await reader.replay(episodeId);
      return replay ? done(replay) : noEpisode(episodeId);
    },
    'episode.frames': async ({ episodeId, index }, caller) => {
      if (!reader) return missing('a store');
      const stored = await reader.frames(episodeId, index);
      if (!stored)
        return refused(`Episode ${episodeId} has no observation ${index}.`, 'Choose one inside the episode.');
      caller.sendFrames(stored.frames, stored.tactile);
      return NOTHING;
    },
    'label.set': ({ label, frame }) => committed(engine, engine.success.label(label, frame)),
    'label.list': async ({ episodeId }) =>
      reader ? done({ labels: await reader.frameLabels(episodeId) }) : missing('a store'),
    'data.export': async ({ format, directory, includeDiscarded, choice }) =>
      exports
        ? exports.start({ format, directory, choice, includeDiscarded: includeDiscarded ?? false })
        : missing('exports'),
  };
}

function trainingHandlers(engine: Engine): Group<'policy' | 'run' | 'classifier'> {
  const { shelf, runs, classifiers } = engine.options;
  return {
    'policy.list': async () => done({ policies: (await shelf?.list()) ?? [] }),
    'policy.use': async ({ name }) => {
      const found = await shelf?.find(name);
      if (found === undefined) return refused(`There is no policy '${name}'.`, 'Choose one from the list.');
      const { task } = engine.rig();
      if (found.task !== task)
        return refused(
          `${name} is a policy for the task ${found.task}, and here the task is ${task}.`,
          `Choose the task ${found.task} first, or a policy for ${task}.`,
        );
      return emptied(await engine.usePolicy(name, found.manifestPath));
    },
    'policy.revert': () => engine.revertPolicy('somebody went back to the last good policy'),
    'run.readiness': async () => (runs ? done(await runs.readiness()) : missing('fine-tuning')),
    'run.options': async () => (runs ? done(await runs.options()) : missing('fine-tuning')),
    'run.plan': async ({ spec }) => (runs ? done(await runs.plan(spec)) : missing('fine-tuning')),
    'run.start': async ({ spec }) => (runs ? runs.start(spec) : missing('fine-tuning')),
    'run.cancel': async ({ runId }) => (runs ? emptied(await runs.cancel(runId)) : missing('fine-tuning')),
    'run.list': async () => done({ runs: (await runs?.list()) ?? [] }),
    'run.settings': async ({ runId }) =>
      runs ? done({ settings: await runs.settings(runId) }) : missing('fine-tuning'),
    'run.metrics': async ({ runId, names, points }) => {
      if (!runs) return missing('fine-tuning');
      const series = await runs.metrics(runId, names, points);
      const pairs = (curve: readonly (readonly [number, number])[]) =>
        curve.map(([step, value]): [number, number] => [step, value]);
      return done({
        series: Object.fromEntries(Object.entries(series).map(([name, curve]) => [name, pairs(curve)])),
      });
    },
    'classifier.state': () => done(engine.success.state()),
    'classifier.train': () => emptied(classifiers?.train() ?? missing('classifiers')),
    'classifier.use': async ({ name, threshold }) => emptied(await engine.chooseClassifier(name, threshold)),
  };
}
