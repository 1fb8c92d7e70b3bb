/** Options of the verbs: `node:util`'s parser, then zod, so that a wrong value is answered with what was expected. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { UsageError } from '../api/error-words.ts';
import { seedSchema } from './options.ts';

interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly help: string;
}

/** Options that every verb has. */
const COMMON = {
  data: { type: 'string', help: 'project folder (default: ./takeover-project, or $TAKEOVER_DATA)' },
  json: { type: 'boolean', help: 'the last line of standard output is one JSON object' },
  seed: { type: 'string', help: 'seed of everything random (default 0)' },
  help: { type: 'boolean', help: 'this text' },
} as const satisfies Record<string, OptionSpec>;

export const commonSchema = z.object({
  data: z
    .string()
    .min(1)
    .default(() => process.env['TAKEOVER_DATA'] ?? join(process.cwd(), 'takeover-project')),
  json: z.boolean().default(false),
  seed: seedSchema.default(0),
});

/** `--settings`: an object in JSON; what is in it is for the algorithm to judge. */
export const settingsSchema = z
  .string()
  .default('{}')
  .transform((text, context) => {
    try {
      return z.record(z.string(), z.json()).parse(JSON.parse(text));
    } catch {
      context.addIssue({ code: 'custom', message: `expected an object in JSON, got ${text}` });
      return z.NEVER;
    }
  });

/**
 * Parses `rest` by `options` and `schema`. Prints the help and returns undefined when it was asked for;
 * throws `UsageError` when an option is unknown or its value is not what the schema expects.
 */
export function parseVerb<Fields extends z.ZodRawShape>(
  verb: string,
  options: Readonly<Record<string, OptionSpec>>,
  fields: Fields,
  rest: readonly string[],
): z.output<z.ZodObject<typeof commonSchema.shape & Fields>> | undefined {
  const all: Readonly<Record<string, OptionSpec>> = { ...options, ...COMMON };
  let values: Record<string, unknown>;
  try {
    values = parseArgs({
      args: [...rest],
      options: Object.fromEntries(Object.entries(all).map(([name, { type }]) => [name, { type }])),
      strict: true,
    }).values;
  } catch (error) {
    throw new UsageError(
      `${error instanceof Error ? error.message : String(error)} (npx takeover ${verb} --help lists the options)`,
    );
  }
  if (values['help'] === true) {
    console.log(
      [
        `usage: takeover ${verb} [options]`,
        '',
        ...Object.entries(all).map(
          ([name, { type, help }]) => `  --${(name + (type === 'string' ? ' VALUE' : '')).padEnd(26)} ${help}`,
        ),
      ].join('\n'),
    );
    return undefined;
  }
  const { help: _help, ...given } = values;
  const parsed = z.object({ ...commonSchema.shape, ...fields }).safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0] ?? '?');
    throw new UsageError(
      `--${name}${said(given[name])}: ${issue?.message ?? 'not understood'} (npx takeover ${verb} --help lists the options)`,
    );
  }
  // zod's inference loses the merged shape through the generic; the schema above is what was parsed.
  return parsed.data as z.output<z.ZodObject<typeof commonSchema.shape & Fields>>;
}

/**
 * Returns an option's value as it was typed, after a space. Adds quotes when it is empty or has spaces. Returns nothing
 * for an option that is not given.
 */
const said = (value: unknown): string => {
  if (value === undefined) return '';
  const text = String(value);
  return ` ${/^\S+$/.test(text) ? text : JSON.stringify(text)}`;
};
