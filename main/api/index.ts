/** The contract shared by engine, window, drivers and store. Leaf of the import table: imports zod and nothing else. */

export * from './action.ts';
export * from './classifier.ts';
export * from './clock.ts';
export * from './episode.ts';
export * from './geometry.ts';
export * from './limits.ts';
export * from './observation.ts';
export * from './policy.ts';
export * from './processes/export.ts';
export * from './processes/policy-messages.ts';
export * from './processes/trainer-messages.ts';
export * from './rng.ts';
export * from './run.ts';
export * from './task.ts';
export * from './teleop.ts';
export * from './window/messages.ts';
export * from './window/shapes.ts';
export * from './window/status.ts';
export * from './window/streams.ts';
