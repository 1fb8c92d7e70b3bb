/** The models that ship with the program. */
import { join } from 'node:path';

const ASSETS = join(import.meta.dirname, 'assets');

/** The encoder for the simulated cell. */
export const CELL_ENCODER_MANIFEST = join(ASSETS, 'cell-encoder', 'manifest.json');
/** A policy good enough to try and bad enough to correct. */
export const STARTER_MANIFEST = join(ASSETS, 'starter', 'manifest.json');
