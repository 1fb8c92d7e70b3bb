/**
 * The numbered migrations and how they are applied: each in one transaction that also moves `user_version`, so that a
 * file is always at a whole version. A new schema is a new file in `migrations/` and a new entry in `MIGRATIONS`.
 */
import { first } from './migrations/001-first.ts';
import { rewardLabel } from './migrations/002-reward-label.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  /** Run before the transaction: settings of the file that SQLite takes only there. */
  readonly pragmas?: readonly string[];
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [first, rewardLabel];
export const SCHEMA_VERSION = MIGRATIONS.length;

/** The part of a database connection that migrating needs. */
export interface Migratable {
  exec(sql: string): unknown;
  pragma(source: string, options?: { readonly simple?: boolean }): unknown;
}

/** `afterPragmas` runs once the first migration's file settings are made: WAL can only be turned on after them. */
export function migrate(
  database: Migratable,
  applicationId: number,
  migrations: readonly Migration[] = MIGRATIONS,
  afterPragmas: () => void = () => {},
): void {
  const from = Number(database.pragma('user_version', { simple: true }));
  const pending = migrations.filter((migration) => migration.version > from);
  for (const migration of pending) for (const pragma of migration.pragmas ?? []) database.pragma(pragma);
  afterPragmas();
  for (const migration of pending) {
    database.exec('BEGIN IMMEDIATE');
    try {
      database.exec(migration.sql);
      database.pragma(`application_id = ${applicationId}`);
      database.pragma(`user_version = ${migration.version}`);
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  }
}
