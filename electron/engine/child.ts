/**
 * Starts the engine as a child: plain Node in a process group of its own, with an IPC channel. The shell asks it over
 * the channel to stop. On `disconnect` the engine stops by itself, so even a killed shell leaves no orphan.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLineSplitter } from '../../main/api/processes/output-tail.ts';
import { signalChild } from '../../main/api/processes/signal-child.ts';
import type { ChildEvents, EngineChild } from './engine-process.ts';

/** Characters kept of a line that has no end yet. */
const LONGEST_UNFINISHED_LINE = 1_000_000;

interface EngineCommand {
  /** Path of the pinned Node, which is never Electron's own binary. */
  readonly node: string;
  readonly script: string;
  readonly workingFolder: string;
}

/** Returns the command of the engine: in the source tree, or in the packaged program's resources. */
export function findEngine(
  root: string,
  packaged: boolean,
  platform: NodeJS.Platform = process.platform,
): EngineCommand {
  const executable = platform === 'win32' ? 'node.exe' : 'node';
  return {
    node: join(root, packaged ? 'bin' : 'node_modules/node/bin', executable),
    script: join(root, `main/cli/takeover.${packaged ? 'js' : 'ts'}`),
    workingFolder: root,
  };
}

/** Removes the variables that steer Electron, and the one that would make the engine attach to itself. */
export function engineEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !/^(ELECTRON_|TAKEOVER_ENGINE_URL$|NODE_OPTIONS$)/.test(name),
  );
  return Object.fromEntries(kept);
}

export function launchEngine(command: EngineCommand, folder: string | undefined, events: ChildEvents): EngineChild {
  for (const [what, path] of [
    ['Node for the engine', command.node],
    ["the engine's program", command.script],
  ] as const) {
    if (existsSync(path)) continue;
    const remedy = 'Install the program again (in a source tree: npm ci).';
    events.line(`shell: ${what} is missing: expected ${path}. ${remedy}`, 'err');
    events.exited({ code: undefined, signal: undefined });
    return { requestStop: () => {}, kill: () => {}, killRemains: () => {}, isOver: () => true };
  }
  const parameters = [command.script, 'serve', '--no-window', '--json', ...(folder ? ['--data', folder] : [])];
  const child = spawn(command.node, parameters, {
    cwd: command.workingFolder,
    env: engineEnvironment(process.env),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  return follow(child, events);
}

/** Connects a child process to the events. Tests call it with other commands. */
export function follow(child: ChildProcess, events: ChildEvents): EngineChild {
  const out = createLineSplitter((line) => events.line(line, 'out'), LONGEST_UNFINISHED_LINE);
  const err = createLineSplitter((line) => events.line(line, 'err'), LONGEST_UNFINISHED_LINE);
  child.stdout?.setEncoding('utf8').on('data', out.feed);
  child.stderr?.setEncoding('utf8').on('data', err.feed);
  let over = false;
  const finish = (code: number | undefined, signal: string | undefined) => {
    if (over) return;
    over = true;
    out.end();
    err.end();
    events.exited({ code, signal });
  };
  child.on('error', (error) => {
    events.line(`shell: ${error.message}`, 'err');
    if (child.pid === undefined) finish(undefined, undefined);
  });
  // `close` would wait for output that grandchildren hold open, so `exit` ends the engine's life.
  child.on('exit', (code, signal) => finish(code ?? undefined, signal ?? undefined));
  const group = (signal: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(child.pid), '/T', '/F']);
      else process.kill(-child.pid, signal);
    } catch {
      // The group is gone, so no process remains.
    }
  };
  return {
    requestStop: () => {
      if (child.connected) child.send({ kind: 'stop' }, () => {});
      else signalChild(child, 'SIGTERM');
    },
    kill: (signal) => {
      if (signal === 'SIGKILL') group(signal);
      else signalChild(child, signal);
    },
    isOver: () => over || (child.pid !== undefined && isGone(child.pid)),
    killRemains: () => group('SIGKILL'),
  };
}

/** True when a process has ended. On Linux this includes a process that its parent has not collected yet (state Z). */
function isGone(pid: number): boolean {
  try {
    if (process.platform !== 'linux') return !process.kill(pid, 0);
    const [state] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').slice(-1);
    return state === undefined || /^[ZX]/.test(state);
  } catch {
    // The process is gone.
    return true;
  }
}
