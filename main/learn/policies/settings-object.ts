/**
 * Objects of settings that refuse a name they do not know and list those they have: a misspelt setting would otherwise leave the
 * preset's in force, and be recorded as if it had been applied.
 */
import { z } from 'zod';

export function settingsObject<Shape extends z.core.$ZodShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    // undefined = zod's own words
    error: (issue) => (issue.code === 'unrecognized_keys' ? unknownNames(issue.keys, known) : undefined),
  });
}

function unknownNames(names: readonly string[], known: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``).join(', ');
  return `there ${names.length === 1 ? 'is no setting' : 'are no settings'} ${quoted}; there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`;
}
