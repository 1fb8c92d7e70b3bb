/**
 * Divides the segment of a stage between workers. Each worker computes its share from the stage's inputs, and computes again what
 * other shares need too: no thread waits for another within a segment, and what lies between two ops stays in its processor's
 * cache. Threads that share every op gain little where ops are short, as those of an ensemble of critics are.
 */

import type { Plan, Stage } from '../flat/plan.ts';
import type { BufferSlice } from '../flat/plan-buffers.ts';
import type { StageShare } from '../flat/schedule.ts';
import { type Node, reachable } from '../ir.ts';
import { opOf } from '../ops/table.ts';

/** Greatest cost of the heaviest share, in equal shares: beyond it, threads do better sharing every op. */
const MAX_IMBALANCE = 1.5;
/** Weight of work that a share repeats, relative to the cost of the heaviest share. */
const REPEATED_WEIGHT = 0.1;
/** Smallest number of multiply-adds for which a second thread pays: about half a millisecond of work. */
const MIN_PARALLEL_COST = 5e7;
/** Each worker is a thread with sessions of its own. */
const MAX_WORKERS = 8;

/**
 * Returns the number of workers for `plan` on as many threads: the largest number into which some stage can be divided. Threads
 * beyond it help inside ops. When no stage can be divided, two workers still share the kernels.
 */
export function workersFor(plan: Plan, threads: number): number {
  const cost = costOf(new Set(reachable(Object.values(plan.step.outputs))));
  if (threads < 2 || cost < MIN_PARALLEL_COST) return 1;
  for (let workers = Math.min(threads, MAX_WORKERS); workers > 2; workers--) {
    const known = new Set<Node>();
    for (const stage of plan.stages) {
      if (divideStage(stage, plan, known, workers)?.every(hasWork)) return workers;
      for (const value of stage.values) known.add(value);
    }
  }
  return 2;
}

const hasWork = ({ slices, values }: StageShare) => slices.length + values.length > 0;

/** Returns the share of each worker, or undefined when the stage is not worth dividing. `known` are the values of earlier stages. */
export function divideStage(
  stage: Stage,
  { view }: Plan,
  known: ReadonlySet<Node>,
  workers: number,
): readonly StageShare[] | undefined {
  const isGiven = (node: Node) => known.has(node) || view(node) !== undefined;
  const jobs = [
    ...stage.slices.map((slice) => ({ slice, ...workFor(slice.node, isGiven) })),
    ...stage.values.map((value) => ({ value, ...workFor(value, isGiven) })),
  ];
  const shares = Array.from({ length: workers }, createShare);
  for (const job of jobs.toSorted((a, b) => b.cost - a.cost)) lightest(shares, job.nodes).take(job);
  const total = costOf(new Set(jobs.flatMap((job) => [...job.nodes])));
  const heaviest = Math.max(...shares.map((share) => share.cost));
  if (heaviest > (MAX_IMBALANCE / workers) * total) return undefined;
  return shares.map(({ slices, values }) => ({ slices, values }));
}

interface Job {
  readonly slice?: BufferSlice;
  readonly value?: Node;
  /** Nodes that have to be computed for it. */
  readonly nodes: ReadonlySet<Node>;
}

function createShare() {
  const nodes = new Set<Node>();
  const [slices, values]: [BufferSlice[], Node[]] = [[], []];
  let cost = 0;
  return {
    slices,
    values,
    get cost() {
      return cost;
    },
    /** Returns what `wanted` would add to the cost. */
    added: (wanted: ReadonlySet<Node>) => costOf(wanted, nodes),
    take: ({ slice, value, nodes: wanted }: Job) => {
      cost += costOf(wanted, nodes);
      for (const node of wanted) nodes.add(node);
      if (slice) slices.push(slice);
      if (value) values.push(value);
    },
  };
}

type Share = ReturnType<typeof createShare>;

/** Returns the share that can take `wanted` with the least growth of the heaviest share and the least repeated work. */
function lightest(shares: readonly Share[], wanted: ReadonlySet<Node>): Share {
  const heaviest = Math.max(...shares.map((share) => share.cost));
  const burden = (share: Share) => {
    const added = share.added(wanted);
    return Math.max(heaviest, share.cost + added) + REPEATED_WEIGHT * added;
  };
  const burdens = shares.map(burden);
  return shares[burdens.indexOf(Math.min(...burdens))]!;
}

/** Returns the nodes that have to be computed for `node`, and their cost. */
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

/** Sums the cost of the nodes that are not in `done`. */
function costOf(nodes: ReadonlySet<Node>, done?: ReadonlySet<Node>): number {
  let cost = 0;
  for (const node of nodes) if (!done?.has(node)) cost += opOf(node).cost(node);
  return cost;
}
