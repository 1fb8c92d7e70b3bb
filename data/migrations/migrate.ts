/**
 * Applies migrations, each in one transaction that also moves `user_version`, so that a file is always at a whole
 * version.
 */

export interface Migration {
  readonly version: number;
  readonly name: string;
  /** Settings of the file, which SQLite takes only outside a transaction. */
  readonly pragmas?: readonly string[];
  readonly sql: string;
}

/** The part of a database connection that migrating needs. */
export interface Migratable {
  exec(sql: string): unknown;
  pragma(source: string, options?: { readonly simple?: boolean }): unknown;
}

/** `afterPragmas` runs after the file's settings, because the write-ahead log can be turned on only then. */
export function migrate(
  database: Migratable,
  applicationId: number,
  migrations: readonly Migration[],
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
