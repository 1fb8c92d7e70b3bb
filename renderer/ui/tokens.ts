/** Reads the colour tokens of `styles/tokens.css` for canvases, charts and the 3-D scene. */
export type ColorToken =
  | 'background'
  | 'raised'
  | 'line'
  | 'text'
  | 'muted'
  | 'policy'
  | 'human'
  | 'human-shade'
  | 'success'
  | 'danger'
  | 'hold'
  | 'curve-violet'
  | 'curve-teal';

const cache = new Map<ColorToken, string>();

/** Returns a CSS colour, `#rrggbb`. */
export function colorOf(token: ColorToken): string {
  const known = cache.get(token);
  if (known) return known;
  const value = getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim();
  if (value) cache.set(token, value);
  return value || '#ffffff';
}
