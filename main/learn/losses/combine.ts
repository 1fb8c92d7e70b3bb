/**
 * Turns a config's list of losses into one number: Σ weight · loss. A term that needs an input which the head does not
 * offer is refused by name.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, mul, type Operand, zeros } from '../../tensor/tensor.ts';
import type { LossOptions } from './loss-entry.ts';
import type { LossInputs, Subject } from './loss-inputs.ts';
import { isLossName, LOSS_NAMES, LOSSES, type LossName } from './loss-registry.ts';

export interface LossTerm {
  readonly name: LossName;
  /** A number in a config; an input of the step when a schedule moves it. */
  readonly weight: Operand;
  readonly options?: LossOptions | undefined;
  /** The head's actions that the loss applies to; by default the first that the head offers and the loss can take. */
  readonly on?: Subject | undefined;
}

interface CombinedLoss {
  readonly loss: Node;
  /** Each term before its weight, by name; `name 2` and so on when a name occurs again. */
  readonly terms: Readonly<Record<string, Node>>;
}

/** Throws when a term is unknown, lacks an input, or has an option that does not exist. */
export function combineLosses(terms: readonly LossTerm[], inputs: LossInputs): CombinedLoss {
  if (terms.length === 0) throw new TypeError(`no loss to train on; name at least one of ${LOSS_NAMES.join(', ')}`);
  const built: Record<string, Node> = {};
  let loss = zeros([]);
  for (const term of terms) {
    const value = buildTerm(term, inputs);
    built[freshName(term.name, built)] = value;
    loss = add(loss, mul(value, term.weight));
  }
  return { loss, terms: built };
}

/** The losses whose needs `inputs` meets: those that a head can be trained with. */
export function availableLosses(inputs: LossInputs): LossName[] {
  return LOSS_NAMES.filter((name) => LOSSES[name].lacks(inputs).length === 0);
}

function buildTerm({ name, options = {}, on }: LossTerm, inputs: LossInputs): Node {
  if (!isLossName(name)) throw new TypeError(`no loss ${JSON.stringify(name)}; there are ${LOSS_NAMES.join(', ')}`);
  const entry = LOSSES[name];
  if (on && !entry.on.includes(on))
    throw new TypeError(
      `loss ${name} cannot be applied to ${on}; ` +
        (entry.on.length === 0 ? 'it is not a loss of one action: leave `on` out' : `it can to ${entry.on.join(', ')}`),
    );
  const lacking = entry.lacks(inputs, on);
  if (lacking.length > 0)
    throw new TypeError(
      `loss ${name} needs ${lacking.join(' and ')}; the head offers ${offered(inputs).join(', ') || 'nothing'}. ` +
        `Losses that it can be trained with: ${availableLosses(inputs).join(', ') || 'none'}`,
    );
  return entry.build(inputs, options, on);
}

function offered(inputs: LossInputs): string[] {
  return Object.entries(inputs).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}

function freshName(name: string, taken: Readonly<Record<string, unknown>>): string {
  if (!(name in taken)) return name;
  let number = 2;
  while (`${name} ${number}` in taken) number++;
  return `${name} ${number}`;
}
