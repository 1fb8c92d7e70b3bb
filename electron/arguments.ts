/**
 * What the shell is asked to do: open a window on an engine that already runs, or start one of its own.
 * The engine's URL carries a one-time code, so it comes in the environment, which other users cannot read; the flag is for people.
 */
import { engineOrigin } from './navigation-policy.ts';

export const ENGINE_URL_VARIABLE = 'TAKEOVER_ENGINE_URL';
/** Exit status of a second instance that gave its request to the first one. */
export const HANDED_OVER_EXIT_CODE = 75;

export interface ShellRequest {
  /** Attach to this engine instead of starting one. */
  readonly engineUrl?: string;
  /** Project folder for an engine of its own; the last one when absent. */
  readonly projectFolder?: string;
  /** Report when the page has loaded, then quit. */
  readonly smoke: boolean;
}

const flagValue = (argv: readonly string[], flag: string): string | undefined => {
  const joined = argv.find((argument) => argument.startsWith(`${flag}=`));
  if (joined !== undefined) return joined.slice(flag.length + 1);
  const index = argv.indexOf(flag);
  const next = index < 0 ? undefined : argv[index + 1];
  return next?.startsWith('-') ? undefined : next;
};

/** Throws when the engine's URL is not one on this machine. */
export function parseShellRequest(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ShellRequest {
  const engineUrl = flagValue(argv, '--engine-url') ?? environment[ENGINE_URL_VARIABLE];
  const projectFolder = flagValue(argv, '--data');
  if (engineUrl) engineOrigin(engineUrl);
  return {
    ...(engineUrl ? { engineUrl } : {}),
    ...(projectFolder ? { projectFolder } : {}),
    smoke: argv.includes('--smoke'),
  };
}

/** Reads a request that another instance sent; anything unexpected reads as "come to the front". */
export function readHandedOver(data: unknown): ShellRequest {
  const fields = typeof data === 'object' && data !== null ? data : {};
  const text = (name: string): string | undefined => {
    const value: unknown = Reflect.get(fields, name);
    return typeof value === 'string' && value.length < 4096 ? value : undefined;
  };
  const engineUrl = text('engineUrl');
  try {
    if (engineUrl) engineOrigin(engineUrl);
  } catch {
    return { smoke: false };
  }
  return { ...(engineUrl ? { engineUrl } : {}), smoke: false };
}
