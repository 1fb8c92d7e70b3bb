import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, createTable, floats, ints } from '../../../data/learning/growing-arrays.ts';

test('a table that grows keeps what it holds; each column has its own width, none included', () => {
  const table = createTable({ value: floats(3), row: ints(), flag: bytes(), nothing: floats(0) });
  const { columns } = table;
  const [rows, more] = [1000, 100_000];
  table.reserve(rows);
  for (let row = 0; row < rows; row++) {
    columns.value.set([row, row + 0.25, row + 0.5], row * 3);
    columns.row[row] = 7 - row;
    columns.flag[row] = row % 2;
  }
  table.reserve(more);
  assert.ok(columns.value.length >= more * 3 && columns.row.length >= more && columns.flag.length >= more);
  assert.equal(columns.nothing.length, 0);
  for (let row = 0; row < rows; row++) {
    assert.deepEqual([...columns.value.subarray(row * 3, row * 3 + 3)], [row, row + 0.25, row + 0.5]);
    assert.deepEqual([columns.row[row], columns.flag[row]], [7 - row, row % 2]);
  }
  assert.ok(columns.value instanceof Float32Array && columns.row instanceof Int32Array);
});

test('room that is there already is not made again', () => {
  const table = createTable({ value: floats() });
  table.reserve(5000);
  const before = table.columns.value;
  table.reserve(4000);
  assert.equal(table.columns.value, before);
});
