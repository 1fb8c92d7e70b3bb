/** `takeover serve`: the engine, its URL, and the operator's window. */
import { dirname, join } from 'node:path';
import { openStoreWriter } from '../../data/recording/writer.ts';
import { systemClock } from '../api/clock.ts';
import type { Mode } from '../api/episode.ts';
import { errorInWords, inWords } from '../api/error-words.ts';
import { taskIdSchema } from '../api/task.ts';
import { STARTER } from '../models/assets.ts';
import { encoderFor, mapsOf } from '../runs/encoder-choice.ts';
import { findPolicy, starterFor } from '../runs/policies/policy-registry.ts';
import { startProjectEngine } from '../runs/project-engine.ts';
import { rememberedTask } from '../runs/project-settings.ts';
import { ensureWindowBuilt } from './launch/build-window.ts';
import { openWindow } from './launch/open-window.ts';
import { followParent } from './launch/parent-link.ts';
import { flag, option, parseVerb, type VerbOptions } from './options/parse-verb.ts';
import { ENCODER_HELP } from './options/shared.ts';
import { DEFAULT_PORT, nonEmptyText, portNumber, threadsBeside, threadsNumber } from './options/values.ts';
import { printJson } from './output.ts';

const ROOT = dirname(dirname(import.meta.dirname));
/** Exit status of an engine that must not start. The shell does not start it again. */
const REFUSED = 2;

const OPTIONS = {
  window: flag('open the window: Electron, else an installed Chrome or Chromium'),
  'no-window': flag('print the URL only (the default)'),
  task: option(
    'insert, pick-insert or lift (default: the last one chosen in the window, or insert)',
    taskIdSchema.optional(),
  ),
  encoder: option(ENCODER_HELP, nonEmptyText.default('cell')),
  policy: option("starter, or a policy of this project (default: the task's starter)", nonEmptyText.optional()),
  port: option(
    `port on 127.0.0.1, 0 = any (default ${DEFAULT_PORT}, or any if it is taken)`,
    portNumber.default(DEFAULT_PORT),
  ),
  threads: option(`threads that fine-tune beside the control loop (here ${threadsBeside()})`, threadsNumber.optional()),
  demonstrate: flag('begin in Demonstrate mode'),
  unattended: flag('let the arm move while no window is open; without it the arm then holds'),
};

type Parsed = VerbOptions<typeof OPTIONS>;

/** Without a policy the starter drives first, when it fits. */
type ServeOptions = Pick<Parsed, 'data' | 'window' | 'json' | 'port'> &
  Partial<Pick<Parsed, 'task' | 'policy' | 'encoder' | 'threads' | 'unattended'>> & { readonly mode: Mode };

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('serve', OPTIONS, rest);
  if (!options) return 0;
  const mode = options.demonstrate ? 'demonstrate' : 'run';
  return serve({ ...options, mode, window: options.window && !options['no-window'] });
}

/** Returns the task to begin with, and the policy that is named. A policy that is named without a task brings its own. */
function beginningOf({ data, task, policy }: ServeOptions) {
  const last = task ?? rememberedTask(data) ?? 'insert';
  if (policy === undefined) return { task: last, named: undefined };
  const named = findPolicy(data, policy, policy === STARTER ? last : task);
  return { task: named.manifest.task, named };
}

/** Runs until it is asked to stop: by Ctrl+C, SIGTERM, the shell, or the window being closed. */
export async function serve(options: ServeOptions): Promise<number> {
  const { data: projectFolder } = options;
  const say = (line: string) => (options.json ? process.stderr.write(`${line}\n`) : console.log(line));
  const { task, named } = beginningOf(options);
  mapsOf('pixels', options.encoder); // An encoder that cannot be used is refused before the project is made.
  const ending = new AbortController();
  const building = ensureWindowBuilt({ root: ROOT, clock: systemClock, say, signal: ending.signal });
  // However the session ends, this closes everything: last opened, first closed.
  await using open = new AsyncDisposableStack();
  open.defer(() => ending.abort());
  const stopped = Promise.withResolvers<void>();
  // A rejection before the promise is awaited below is no unhandled one.
  stopped.promise.catch(() => {});
  // Signals are handled from the start: a signal during start-up is an orderly end too.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped.resolve());
  const writer = await openStoreWriter({ folder: projectFolder }).catch((error: unknown) => {
    console.error(`takeover serve: ${errorInWords(error)}`);
    return undefined;
  });
  if (!writer) return REFUSED;
  open.defer(() => writer.close());
  writer.onProblem((problem) => console.error(inWords(problem)));
  const encoderManifestPath = encoderFor('pixels', options.encoder, projectFolder);
  const policyManifestPath = named?.manifestPath ?? starterFor(task, encoderManifestPath);
  const project = await startProjectEngine({
    projectFolder,
    windowFolder: join(ROOT, 'renderer', 'dist'),
    writer,
    task,
    encoderManifestPath,
    policyManifestPath,
    threads: options.threads ?? threadsBeside(),
    port: options.port,
    unattended: options.unattended,
    say,
  });
  open.use(project);
  if (options.mode === 'demonstrate') project.engine.setMode('demonstrate');
  if (options.json) printJson({ url: project.url });
  else say(`Takeover is at ${project.url}`);
  if (project.server.portProblem) say(project.server.portProblem);
  project.ready
    .then((answer) => {
      if (answer.kind === 'refused' && !ending.signal.aborted) say(`${answer.message} ${answer.remedy}`);
    })
    .catch(stopped.reject);
  open.defer(followParent(process, () => stopped.resolve()));
  const built = await Promise.race([building, stopped.promise]);
  if (built?.kind === 'failed') say(`${built.message} ${built.remedy}`);
  if (options.window && built) {
    const url = () => project.server.issueUrl();
    const opening = openWindow({ root: ROOT, url, clock: systemClock, say, signal: ending.signal });
    open.defer(async () => {
      ending.abort();
      await (await opening).close();
    });
    opening
      .then((window) => window.ended)
      .then((end) => {
        if (end === 'closed') stopped.resolve();
      })
      .catch(stopped.reject);
  }
  await stopped.promise;
  say('Stopping: the arm holds, what was recorded is committed.');
  return 0;
}
