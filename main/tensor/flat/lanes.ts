/**
 * Divides what a turn's segment makes between threads. Each makes its share from what the turn is given, and computes for itself what
 * the others need too: no thread waits for another within a segment, and what lies between two operations stays in its processor's
 * cache. Threads that share every operation gain little where operations are short: of an ensemble of critics, of a double critic.
 */
import { type Node, reachable } from '../ir.ts';
import { opOf } from '../ops/table.ts';
import type { Plan, Turn } from './plan.ts';
import type { Part } from './plan-kernels.ts';

/** The heaviest share of a divided turn, in equal shares: beyond that, threads do better sharing every operation. */
const HEAVIEST_SHARE = 1.5;
/** What work weighs that a share has to do again, where another has done it, beside how heavy the heaviest share gets. */
const TWICE_COST = 0.1;

/** Of work, some half of a millisecond: less is not worth a thread that has to be started, and to be met. */
const LEAST_WORK = 5e7;
/** Each is a thread that keeps graphs of its own. */
const MOST_LANES = 8;

/**
 * Into how many lanes `plan` is divided, given as many threads: as many as some turn can be divided into, the other threads help with
 * operations; two for the sake of the kernels where none can.
 */
export function lanesFor(plan: Plan, threads: number): number {
  const cost = costOf(new Set(reachable(Object.values(plan.step.outputs))));
  if (threads < 2 || cost < LEAST_WORK) return 1;
  for (let lanes = Math.min(threads, MOST_LANES); lanes > 2; lanes--) {
    const known = new Set<Node>();
    for (const turn of plan.turns) {
      if (divideTurn(turn, plan, known, lanes)?.every(hasWork)) return lanes;
      for (const value of turn.values) known.add(value);
    }
  }
  return 2;
}

const hasWork = ({ parts, values }: Turn) => parts.length + values.length > 0;

/** What each of `lanes` threads makes of `turn`, `known` being there already. Undefined where it is not worth dividing. */
export function divideTurn(
  turn: Turn,
  { view }: Plan,
  known: ReadonlySet<Node>,
  lanes: number,
): readonly Turn[] | undefined {
  if (lanes < 2) return undefined;
  const isGiven = (node: Node) => known.has(node) || view(node) !== undefined;
  const jobs = [
    ...turn.parts.map((part) => ({ part, ...workFor(part.node, isGiven) })),
    ...turn.values.map((value) => ({ value, ...workFor(value, isGiven) })),
  ];
  const shares = Array.from({ length: lanes }, createShare);
  for (const job of jobs.toSorted((a, b) => b.cost - a.cost)) lightest(shares, job.nodes).take(job);
  const total = costOf(new Set(jobs.flatMap((job) => [...job.nodes])));
  const heaviest = Math.max(...shares.map((share) => share.cost));
  if (heaviest > (HEAVIEST_SHARE / lanes) * total) return undefined;
  return shares.map(({ parts, values }) => ({ parts, values, kernels: [] }));
}

interface Job {
  readonly part?: Part;
  readonly value?: Node;
  /** What has to be computed for it. */
  readonly nodes: ReadonlySet<Node>;
}

function createShare() {
  const nodes = new Set<Node>();
  const [parts, values]: [Part[], Node[]] = [[], []];
  let cost = 0;
  return {
    ...{ parts, values },
    get cost() {
      return cost;
    },
    /** What `wanted` would add to the cost. */
    added: (wanted: ReadonlySet<Node>) => costOf(wanted, nodes),
    take: ({ part, value, nodes: wanted }: Job) => {
      cost += costOf(wanted, nodes);
      for (const node of wanted) nodes.add(node);
      if (part) parts.push(part);
      if (value) values.push(value);
    },
  };
}

type Share = ReturnType<typeof createShare>;

/** The share that takes `wanted` so that the heaviest stays light and little is done twice. */
function lightest(shares: readonly Share[], wanted: ReadonlySet<Node>): Share {
  const heaviest = Math.max(...shares.map((share) => share.cost));
  const burden = (share: Share) => {
    const added = share.added(wanted);
    return Math.max(heaviest, share.cost + added) + TWICE_COST * added;
  };
  const burdens = shares.map(burden);
  return shares[burdens.indexOf(Math.min(...burdens))]!;
}

/** What has to be computed for `node`, and what that costs. */
function workFor(node: Node, isGiven: (node: Node) => boolean) {
  const nodes = new Set<Node>();
  const pending = [node];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (nodes.has(next) || isGiven(next)) continue;
    nodes.add(next);
    pending.push(...next.inputs);
  }
  return { nodes, cost: costOf(nodes) };
}

/** Of those that are not `done`. */
function costOf(nodes: ReadonlySet<Node>, done?: ReadonlySet<Node>): number {
  let cost = 0;
  for (const node of nodes) if (!done?.has(node)) cost += opOf(node).cost(node);
  return cost;
}
