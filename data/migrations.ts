/** The migrations in order. A change of the schema is a new file in `migrations/` and a new entry here. */
import { first } from './migrations/001-first.ts';
import { rewardLabel } from './migrations/002-reward-label.ts';
import type { Migration } from './migrations/migrate.ts';

export const MIGRATIONS: readonly Migration[] = [first, rewardLabel];
export const SCHEMA_VERSION = MIGRATIONS.length;
