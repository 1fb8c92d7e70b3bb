/** The errors of the store. Their messages name the file, what is wrong with it and what was expected. */
import { RemediedError } from '../main/api/error-words.ts';

export type StoreErrorKind =
  | 'missing'
  | 'corrupt'
  | 'foreign'
  | 'too-new'
  | 'too-old'
  | 'locked'
  | 'disk-full'
  | 'read-only'
  | 'not-finite'
  | 'out-of-order'
  | 'export'
  | 'cancelled'
  | 'io';

export class StoreError extends RemediedError {
  readonly kind: StoreErrorKind;
  constructor(kind: StoreErrorKind, message: string, remedy: string, cause?: unknown) {
    super(message, remedy, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

/** Returns the `code` of a Node or SQLite error, for example ENOSPC or SQLITE_FULL. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
