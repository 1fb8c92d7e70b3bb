/** The contract shared by engine, window, drivers and store. Leaf of the import table: imports zod and nothing else. */

export * from './action.ts';
export * from './backend.ts';
export * from './classifier.ts';
export * from './clock.ts';
export * from './episode.ts';
export * from './export.ts';
export * from './geometry.ts';
export * from './lead.ts';
export * from './limits.ts';
export * from './messages.ts';
export * from './observation.ts';
export * from './policy.ts';
export * from './policy-process.ts';
export * from './rng.ts';
export * from './run.ts';
export * from './shapes.ts';
export * from './streams.ts';
export * from './task.ts';
export * from './teleop.ts';
export * from './trainer-process.ts';
