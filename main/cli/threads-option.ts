/** `--threads`: how many of the processor's threads learn. */
import { availableParallelism } from 'node:os';
import { wholeNumber } from './options.ts';

/** More gain little: nets for robots are small. */
const ENOUGH = 4;

export const threadsSchema = wholeNumber(1, 64, 'the nets are too small to gain from more');

/** With nothing else to do. */
export const threadsAlone = (cores = availableParallelism()): number => Math.min(cores, ENOUGH);

/** Beside a control loop, a cell and a window. */
export const threadsBeside = (cores = availableParallelism()): number =>
  Math.max(1, Math.min(Math.floor(cores / 4), ENOUGH));
