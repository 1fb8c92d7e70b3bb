/**
 * From a config's list of losses to one number: Σ weight · loss. The list is data, what a head offers is a record of nodes
 * (`loss-inputs.ts`), and a term that asks for something the head does not have is refused by name.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, mul, type Operand, zeros } from '../../tensor/tensor.ts';
import type { LossOptions } from './loss-entry.ts';
import type { LossInputs, Subject } from './loss-inputs.ts';
import { isLossName, LOSS_NAMES, LOSSES, type LossName } from './loss-registry.ts';
import { asWeights } from './masked.ts';

export interface LossTerm {
  readonly name: LossName;
  /** A number in a config; an input of the step where a schedule moves it. */
  readonly weight: Operand;
  readonly options?: LossOptions | undefined;
  /** Of which of the head's actions; when not given, the first it offers that suits the loss. */
  readonly on?: Subject | undefined;
  /** Only the samples of these sources of data; all when not given. */
  readonly sources?: readonly string[] | undefined;
}

export interface CombinedLoss {
  readonly loss: Node;
  /** Each term before its weight, by name; `name 2` and so on where a name occurs again. */
  readonly terms: Readonly<Record<string, Node>>;
}

/** Throws when a term is unknown, lacks what it needs, or has an option that does not exist. */
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

/** The losses that a head could be trained with: all whose needs it meets. */
export function availableLosses(inputs: LossInputs): LossName[] {
  return LOSS_NAMES.filter((name) => LOSSES[name].lacks(inputs).length === 0);
}

function buildTerm({ name, options = {}, on, sources }: LossTerm, inputs: LossInputs): Node {
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
  if (!sources) return entry.build(inputs, options, on);
  if (!entry.uses.includes('sampleWeight'))
    throw new TypeError(
      `loss ${name} does not weigh samples one by one, so it cannot be limited to ${sources.join(', ')}`,
    );
  return entry.build({ ...inputs, sampleWeight: sourceWeight(name, sources, inputs) }, options, on);
}

function offered(inputs: LossInputs): string[] {
  return Object.entries(inputs).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}

function sourceWeight(
  name: LossName,
  sources: readonly string[],
  { sources: masks = {}, sampleWeight }: LossInputs,
): Node {
  const chosen = sources.map((source) => {
    const mask = masks[source];
    if (mask) return asWeights(mask);
    throw new TypeError(
      `loss ${name}: no data source ${source} in the batch; there are ${Object.keys(masks).join(', ') || 'none'}`,
    );
  });
  const ofSources = chosen.reduce((total, each) => add(total, each));
  return sampleWeight ? mul(ofSources, asWeights(sampleWeight)) : ofSources;
}

function freshName(name: string, taken: Readonly<Record<string, unknown>>): string {
  if (!(name in taken)) return name;
  let number = 2;
  while (`${name} ${number}` in taken) number++;
  return `${name} ${number}`;
}
