/**
 * One loss as configs see it: a label, what it needs, options with their defaults as plain data. The checks of options are
 * here because defaults say what type an option has; nothing about single losses is.
 */
import type { Node } from '../../tensor/ir.ts';
import {
  type Applied,
  applyTo,
  type Ingredient,
  type LossInputs,
  offeredSubjects,
  type Subject,
} from './loss-inputs.ts';

export type OptionValue = number | boolean | string | readonly number[];
export type LossOptions = Readonly<Record<string, OptionValue>>;

export interface LossEntry {
  /** For people. */
  readonly label: string;
  readonly needs: readonly Ingredient[];
  /** Taken into account where offered. */
  readonly uses: readonly Ingredient[];
  /** The actions it can be applied to, the preferred first; empty when it is not a loss of actions. */
  readonly on: readonly Subject[];
  readonly defaults: LossOptions;
  /** Values that a text option may take. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
  /** What `inputs` lacks for this loss, in words; empty when nothing. */
  readonly lacks: (inputs: LossInputs, on?: Subject) => readonly string[];
  /** The scalar. Throws a TypeError or RangeError that says what is wrong with the options. */
  readonly build: (inputs: LossInputs, options: LossOptions, on?: Subject) => Node;
}

/** Number where the default is a number, and so on: what `{ ...defaults, ...given }` is after the check. */
type Widened<O> = {
  readonly [K in keyof O]: O[K] extends number
    ? number
    : O[K] extends boolean
      ? boolean
      : O[K] extends string
        ? string
        : readonly number[];
};

type Given<N extends Ingredient> = LossInputs & Required<Pick<LossInputs, N>>;

interface Definition<N extends Ingredient, O extends LossOptions> {
  readonly label: string;
  readonly needs: readonly N[];
  readonly uses?: readonly Ingredient[];
  readonly defaults: O;
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  readonly loss: (inputs: Given<N>, options: Widened<O>) => Node;
}

/** A loss that is not applied to an action of the caller's choice. */
export function lossEntry<const N extends Ingredient, const O extends LossOptions>(
  definition: Definition<N, O>,
): LossEntry {
  const { label, needs, uses = [], defaults, choices = {}, loss } = definition;
  return {
    label,
    needs,
    uses,
    on: [],
    defaults,
    choices,
    lacks: (inputs) => missing(inputs, needs),
    build: (inputs, options) => loss(inputs as Given<N>, checkedOptions(label, defaults, choices, options)),
  };
}

interface ActionDefinition<N extends Ingredient, O extends LossOptions> extends Omit<Definition<N, O>, 'loss'> {
  readonly on: readonly Subject[];
  readonly loss: (applied: Applied, inputs: Given<N>, options: Widened<O>) => Node;
}

/** A loss of actions: `on` in a config says of which; otherwise the first that the head offers. */
export function actionLossEntry<const N extends Ingredient, const O extends LossOptions>(
  definition: ActionDefinition<N, O>,
): LossEntry {
  const { label, needs, uses = [], on, defaults, choices = {}, loss } = definition;
  const subjectOf = (inputs: LossInputs, wanted?: Subject) =>
    [wanted ?? on].flat().find((each) => on.includes(each) && offeredSubjects(inputs).includes(each));
  return {
    label,
    needs,
    uses,
    on,
    defaults,
    choices,
    lacks: (inputs, wanted) => [
      ...(subjectOf(inputs, wanted) ? [] : [wanted ?? `one of ${on.join(', ')}`]),
      ...missing(inputs, needs),
    ],
    build: (inputs, options, wanted) => {
      const subject = subjectOf(inputs, wanted);
      const applied = subject && applyTo(inputs, subject);
      if (!applied) throw new TypeError(`${label}: nothing to apply it to; ask \`lacks\` first`);
      return loss(applied, inputs as Given<N>, checkedOptions(label, defaults, choices, options));
    },
  };
}

function missing(inputs: LossInputs, needs: readonly Ingredient[]): Ingredient[] {
  return needs.filter((need) => inputs[need] === undefined);
}

function checkedOptions<O extends LossOptions>(
  label: string,
  defaults: O,
  choices: Readonly<Record<string, readonly string[]>>,
  given: LossOptions,
): Widened<O> {
  for (const [name, value] of Object.entries(given)) {
    const standard = defaults[name];
    if (standard === undefined)
      throw new TypeError(`${label}: no option ${name}; it has ${Object.keys(defaults).join(', ') || 'none'}`);
    if (!sameKind(standard, value))
      throw new TypeError(`${label}: ${name} is ${JSON.stringify(value)}, expected ${kindOf(standard)}`);
    const allowed = choices[name];
    if (allowed && !allowed.includes(String(value)))
      throw new RangeError(`${label}: ${name} is ${JSON.stringify(value)}, expected one of ${allowed.join(', ')}`);
  }
  // Every value has just been found to be of its default's kind.
  return { ...defaults, ...given } as unknown as Widened<O>;
}

function sameKind(standard: OptionValue, value: OptionValue): boolean {
  if (Array.isArray(standard)) return Array.isArray(value) && value.every((each) => Number.isFinite(each));
  return typeof value === typeof standard && (typeof value !== 'number' || Number.isFinite(value));
}

function kindOf(value: OptionValue): string {
  return Array.isArray(value) ? 'a list of numbers' : `a ${typeof value}`;
}
