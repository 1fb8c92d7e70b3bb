/**
 * Settings schemas that refuse an unknown name and list the known ones. A misspelt setting would otherwise be recorded as if
 * it had been applied, while the preset's value stayed in force.
 */
import { z } from 'zod';

export function settingsObject<Shape extends z.core.$ZodShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    // `undefined` keeps zod's own message.
    error: (issue) => (issue.code === 'unrecognized_keys' ? unknownNames(issue.keys, known) : undefined),
  });
}

function unknownNames(names: readonly string[], known: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``).join(', ');
  return `there ${names.length === 1 ? 'is no setting' : 'are no settings'} ${quoted}; there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`;
}
