/**
 * Options of the verbs. Each is declared once, with its help, its schema and its default; parser, help text and types
 * follow. Node's `parseArgs` finds the values and zod checks them.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { messageOf, UsageError } from '../../api/error-words.ts';
import { seedNumber } from './values.ts';

export interface Option<Schema extends z.ZodType = z.ZodType> {
  /** A flag takes no value. */
  readonly type: 'string' | 'boolean';
  readonly help: string;
  readonly schema: Schema;
}
type Options = Readonly<Record<string, Option>>;
type Values<Declared extends Options> = { [Name in keyof Declared]: z.output<Declared[Name]['schema']> };

/** Declares an option with a value. `absent` is the value when the option is not given, and the help names it. */
export function option<Schema extends z.ZodType>(help: string, schema: Schema): Option<Schema>;
export function option<Schema extends z.ZodType>(
  help: string,
  schema: Schema,
  absent: z.output<Schema>,
): Option<z.ZodType<z.output<Schema>>>;
export function option(help: string, schema: z.ZodType, absent?: unknown): Option {
  if (absent === undefined) return { type: 'string', help, schema };
  return { type: 'string', help: `${help} (default ${String(absent)})`, schema: schema.default(absent) };
}

/** Declares an option without a value: true when it is given. */
export const flag = (help: string): Option<z.ZodType<boolean>> => ({
  type: 'boolean',
  help,
  schema: z.boolean().default(false),
});

/** Options that every verb has. */
const COMMON = {
  data: option(
    'project folder (default: ./takeover-project, or $TAKEOVER_DATA)',
    z
      .string()
      .min(1)
      .default(() => process.env['TAKEOVER_DATA'] ?? join(process.cwd(), 'takeover-project')),
  ),
  json: flag('the last line of standard output is one JSON object'),
  seed: option('seed of everything random', seedNumber, 0),
};

/** The values of a verb that declares these options. */
export type VerbOptions<Declared extends Options> = Values<Declared & typeof COMMON>;

/**
 * Parses `rest`. Prints the help and returns `undefined` when `--help` is given. Throws a `UsageError` when an option
 * is unknown or its schema refuses the value.
 */
export function parseVerb<Declared extends Options>(
  verb: string,
  declared: Declared,
  rest: readonly string[],
): VerbOptions<Declared> | undefined {
  const options: Options = { ...declared, ...COMMON, help: flag('this text') };
  const hint = `(npx takeover ${verb} --help lists the options)`;
  let given: Record<string, unknown>;
  try {
    given = parseArgs({ args: [...rest], options, strict: true }).values;
  } catch (error) {
    throw new UsageError(`${messageOf(error)} ${hint}`);
  }
  if (given['help'] === true) {
    console.log(helpText(verb, options));
    return undefined;
  }
  // The common options come first, so that a wrong one of them is the one that is reported.
  const schemas = Object.entries({ ...COMMON, ...declared }).map(([name, { schema }]) => [name, schema] as const);
  const parsed = z.object(Object.fromEntries(schemas)).safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0] ?? '?');
    throw new UsageError(`--${name}${typed(given[name])}: ${issue?.message ?? 'not understood'} ${hint}`);
  }
  // The object was built from the schemas that the type is derived from, which zod cannot infer.
  return parsed.data as VerbOptions<Declared>;
}

function helpText(verb: string, options: Options): string {
  const lines = Object.entries(options).map(
    ([name, { type, help }]) => `  --${(name + (type === 'string' ? ' VALUE' : '')).padEnd(26)} ${help}`,
  );
  return [`usage: takeover ${verb} [options]`, '', ...lines].join('\n');
}

/**
 * Returns an option's value as it was typed, after a space. Adds quotes when it is empty or has spaces. Returns nothing
 * for an option that is not given.
 */
function typed(value: unknown): string {
  if (value === undefined) return '';
  const text = String(value);
  return ` ${/^\S+$/.test(text) ? text : JSON.stringify(text)}`;
}
