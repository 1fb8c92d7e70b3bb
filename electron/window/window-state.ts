/**
 * The place of the window and the open project, remembered between starts. Reading tolerates any content, and
 * `placeWindow` never puts a window where no display is. Pixels are device-independent, with their origin at the main
 * display's top left.
 */

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Placement {
  /** Default: the middle of the main display. */
  readonly position?: { readonly x: number; readonly y: number };
  readonly width: number;
  readonly height: number;
  readonly maximised: boolean;
}

export interface ShellState {
  readonly bounds?: Rectangle;
  readonly maximised: boolean;
  readonly projectFolder?: string;
}

export const SMALLEST = { width: 1024, height: 700 } as const;
const USUAL = { width: 1440, height: 900 } as const;
/** Part of the title bar that must be on a display, so that a person can grab it. */
const GRAB = { width: 120, height: 32 } as const;

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

export function readState(text: string | undefined): ShellState {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '{}');
  } catch {
    value = {};
  }
  const field = (from: unknown, name: string): unknown =>
    typeof from === 'object' && from !== null ? Reflect.get(from, name) : undefined;
  const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((name) => field(field(value, 'bounds'), name));
  const projectFolder = field(value, 'projectFolder');
  return {
    ...(isNumber(x) && isNumber(y) && isNumber(width) && isNumber(height) ? { bounds: { x, y, width, height } } : {}),
    maximised: field(value, 'maximised') === true,
    ...(typeof projectFolder === 'string' && projectFolder !== '' ? { projectFolder } : {}),
  };
}

export const writeState = (state: ShellState): string => `${JSON.stringify(state, null, 2)}\n`;

const overlap = (a: Rectangle, b: Rectangle): { width: number; height: number } => ({
  width: Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x),
  height: Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y),
});

/** Fits the remembered place into a display. `displays`: work areas, main display first. */
export function placeWindow(state: ShellState, displays: readonly Rectangle[]): Placement {
  const { bounds, maximised } = state;
  const titleBar = bounds && { ...bounds, height: GRAB.height };
  const home = titleBar
    ? displays.find((display) => {
        const shared = overlap(titleBar, display);
        return shared.width >= GRAB.width && shared.height >= GRAB.height;
      })
    : undefined;
  const display = home ?? displays[0];
  const fit = (wanted: number, smallest: number, room: number | undefined) =>
    Math.round(Math.min(Math.max(wanted, smallest), Math.max(room ?? wanted, 1)));
  const width = fit(bounds?.width ?? USUAL.width, SMALLEST.width, display?.width);
  const height = fit(bounds?.height ?? USUAL.height, SMALLEST.height, display?.height);
  return {
    ...(home && bounds ? { position: { x: Math.round(bounds.x), y: Math.round(bounds.y) } } : {}),
    width,
    height,
    maximised,
  };
}
