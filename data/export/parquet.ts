/** Parquet files, by hyparquet-writer and hyparquet, which only this file uses. Lists have three levels; snappy compresses. */
import { readFileSync } from 'node:fs';
import { parquetMetadata, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';

export type Scalar = 'FLOAT' | 'DOUBLE' | 'INT64' | 'BOOLEAN' | 'STRING';

export interface ColumnSpec {
  readonly name: string;
  readonly type: Scalar;
  /** Number of lists around the value: 0 for a scalar, 1 for a list, 3 for picture statistics of shape (3, 1, 1). */
  readonly depth?: number;
}

export type Cell = number | bigint | boolean | string | readonly Cell[];
export type Row = Readonly<Record<string, Cell>>;

function leaf(name: string, type: Scalar): SchemaElement {
  if (type === 'STRING') return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' };
  return { name, type, repetition_type: 'OPTIONAL' };
}

function elements(name: string, { type, depth = 0 }: ColumnSpec, level = 0): SchemaElement[] {
  if (level === depth) return [leaf(name, type)];
  return [
    { name, converted_type: 'LIST', repetition_type: 'OPTIONAL', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...elements('element', { name, type, depth }, level + 1),
  ];
}

export interface ParquetFile {
  /** Appends rows as one row group. */
  writeGroup(rows: readonly Row[]): void;
  bytes(): number;
  finish(): void;
}

/**
 * Expects a result that is no promise. The file is written synchronously, so that a disk error is thrown here and not
 * lost.
 */
function atOnce(result: unknown): void {
  if (result instanceof Promise) throw new Error('the Parquet writer answered with a promise; its file is synchronous');
}

export function createParquetFile(
  file: string,
  columns: readonly ColumnSpec[],
  metadata: Readonly<Record<string, string>> = {},
): ParquetFile {
  const writer = fileWriter(file);
  const schema = [
    { name: 'root', num_children: columns.length },
    ...columns.flatMap((column) => elements(column.name, column)),
  ];
  const kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  const parquet = new ParquetWriter({ writer, schema, kvMetadata, createdBy: 'Takeover' });
  return {
    writeGroup(rows) {
      const columnData = columns.map(({ name }) => ({ name, data: rows.map((row) => row[name]) }));
      atOnce(parquet.write({ columnData, rowGroupSize: rows.length }));
    },
    bytes: () => writer.offset,
    finish: () => atOnce(parquet.finish()),
  };
}

export interface ParquetFacts {
  readonly columns: readonly string[];
  readonly rowGroupSizes: readonly number[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

export async function readParquet(file: string): Promise<ParquetFacts> {
  const bytes = readFileSync(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const facts = parquetMetadata(buffer);
  const rows = await parquetReadObjects({ file: buffer });
  return {
    columns: topLevel(facts.schema),
    rowGroupSizes: facts.row_groups.map((group) => Number(group.num_rows)),
    metadata: Object.fromEntries((facts.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''])),
    rows,
  };
}

/** Returns the names of the columns. The schema is a tree in depth-first order. */
function topLevel(schema: readonly SchemaElement[]): string[] {
  const names: string[] = [];
  let at = 1;
  const skip = () => {
    const children = schema[at++]?.num_children ?? 0;
    for (let child = 0; child < children; child++) skip();
  };
  while (at < schema.length) {
    names.push(schema[at]?.name ?? '');
    skip();
  }
  return names;
}
