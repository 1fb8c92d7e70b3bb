/**
 * Parses JSON from another process within limits. A text that nests deeper than the limit is refused before it is
 * parsed. Schemas check a value by recursion, so a deep value would exhaust the stack.
 */

/**
 * Maximum nesting of arrays and objects. The deepest message of the contract, a run's settings, has about ten levels.
 */
const MAX_JSON_DEPTH = 32;

type BoundedJson =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly message: string };

/** Never throws. The size is limited by the code that reads the bytes from a socket or a pipe. */
export function parseBoundedJson(text: string, maxDepth: number = MAX_JSON_DEPTH): BoundedJson {
  if (nestsDeeperThan(text, maxDepth)) return { kind: 'refused', message: `It nests deeper than ${maxDepth} levels.` };
  try {
    return { kind: 'value', value: JSON.parse(text) };
  } catch {
    return { kind: 'refused', message: `Not JSON: ${text.slice(0, 40)}` };
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Counts brackets outside strings; linear in the text's length, without recursion. */
function nestsDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === BACKSLASH) index++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (OPENING.has(code)) {
      depth++;
      if (depth > maxDepth) return true;
    } else if (CLOSING.has(code)) depth--;
  }
  return false;
}
