/**
 * One loss as configs see it: its label, the inputs it needs, and its options with defaults as plain data.
 * Options are checked here against the types of their defaults, so that no loss has to.
 */
import type { Node } from '../../tensor/ir.ts';
import {
  type Applied,
  applyTo,
  type LossInputName,
  type LossInputs,
  offeredSubjects,
  type Subject,
} from './loss-inputs.ts';

type OptionValue = number | boolean | string | readonly number[];
export type LossOptions = Readonly<Record<string, OptionValue>>;

export interface LossEntry {
  /** Name shown to people. */
  readonly label: string;
  readonly needs: readonly LossInputName[];
  /** The actions it can be applied to, the preferred first; empty when the loss is not applied to actions of one's choice. */
  readonly on: readonly Subject[];
  /** Names the inputs that this loss needs and `inputs` lacks; empty when it can be built. */
  readonly lacks: (inputs: LossInputs, on?: Subject) => readonly string[];
  /** Builds the scalar. Throws a TypeError or RangeError that says what is wrong with the options. */
  readonly build: (inputs: LossInputs, options: LossOptions, on?: Subject) => Node;
}

/** Type of `{ ...defaults, ...given }` after the check: a number where the default is a number, and so on. */
type Widened<O> = {
  readonly [K in keyof O]: O[K] extends number
    ? number
    : O[K] extends boolean
      ? boolean
      : O[K] extends string
        ? string
        : readonly number[];
};

type Given<N extends LossInputName> = LossInputs & Required<Pick<LossInputs, N>>;

interface Definition<N extends LossInputName, O extends LossOptions> {
  readonly label: string;
  readonly needs: readonly N[];
  readonly defaults: O;
  /** Values that a text option may take. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  readonly loss: (inputs: Given<N>, options: Widened<O>) => Node;
}

/** A loss with fixed inputs. */
export function lossEntry<const N extends LossInputName, const O extends LossOptions>(
  definition: Definition<N, O>,
): LossEntry {
  const { label, needs, loss } = definition;
  return {
    label,
    needs,
    on: [],
    lacks: (inputs) => missing(inputs, needs),
    // `lacks` was asked first, so every needed input is there.
    build: (inputs, options) => loss(inputs as Given<N>, checkedOptions(definition, options)),
  };
}

interface ActionDefinition<N extends LossInputName, O extends LossOptions> extends Omit<Definition<N, O>, 'loss'> {
  readonly on: readonly Subject[];
  readonly loss: (applied: Applied, inputs: Given<N>, options: Widened<O>) => Node;
}

/** A loss of actions. A config's `on` chooses the actions; without it the loss takes the first that the head offers. */
export function actionLossEntry<const N extends LossInputName, const O extends LossOptions>(
  definition: ActionDefinition<N, O>,
): LossEntry {
  const { label, needs, on, loss } = definition;
  const subjectOf = (inputs: LossInputs, wanted?: Subject) =>
    [wanted ?? on].flat().find((each) => on.includes(each) && offeredSubjects(inputs).includes(each));
  return {
    label,
    needs,
    on,
    lacks: (inputs, wanted) => [
      ...(subjectOf(inputs, wanted) ? [] : [wanted ?? `one of ${on.join(', ')}`]),
      ...missing(inputs, needs),
    ],
    build: (inputs, options, wanted) => {
      const subject = subjectOf(inputs, wanted);
      const applied = subject && applyTo(inputs, subject);
      if (!applied) throw new TypeError(`${label}: nothing to apply it to; ask \`lacks\` first`);
      return loss(applied, inputs as Given<N>, checkedOptions(definition, options));
    },
  };
}

function missing(inputs: LossInputs, needs: readonly LossInputName[]): LossInputName[] {
  return needs.filter((need) => inputs[need] === undefined);
}

function checkedOptions<O extends LossOptions>(
  { label, defaults, choices = {} }: Pick<Definition<never, O>, 'label' | 'defaults' | 'choices'>,
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
  // The loop has found every value to be of its default's kind.
  return { ...defaults, ...given } as unknown as Widened<O>;
}

function sameKind(standard: OptionValue, value: OptionValue): boolean {
  if (Array.isArray(standard)) return Array.isArray(value) && value.every((each) => Number.isFinite(each));
  return typeof value === typeof standard && (typeof value !== 'number' || Number.isFinite(value));
}

function kindOf(value: OptionValue): string {
  return Array.isArray(value) ? 'a list of numbers' : `a ${typeof value}`;
}
