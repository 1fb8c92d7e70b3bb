/**
 * Reads the request to the shell: open a window on an engine that runs, or start an engine of its own. The engine's URL
 * carries a one-time code, so it comes in the environment, which other users cannot read. The flag is for people.
 */
import { engineOrigin } from './window/navigation-policy.ts';

const ENGINE_URL_VARIABLE = 'TAKEOVER_ENGINE_URL';
/** Exit status of a second instance that gave its request to the first one. */
export const HANDED_OVER_EXIT_CODE = 75;

export interface ShellRequest {
  /** URL of the engine to attach to. Default: the shell starts one. */
  readonly engineUrl?: string;
  /** Project folder for the shell's own engine. Default: the last one. */
  readonly projectFolder?: string;
  /** The shell reports when the page has loaded, then quits. */
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

/** Reads a request that another instance sent. An unreadable one asks for nothing, so the window comes to the front. */
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
