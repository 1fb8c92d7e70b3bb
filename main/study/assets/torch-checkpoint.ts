/**
 * Reads the tensors of a PyTorch checkpoint in the format before 1.6: four pickles (magic number, protocol, machine, the
 * state by name), a fifth with the storages' keys, then each storage's length and raw values. It knows the opcodes and the
 * four globals that a state of tensors needs and refuses all others, so that nothing in the file can run.
 */

export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/** Returns the float32 tensors by name. Throws when the bytes are not such a checkpoint. */
export function readCheckpoint(file: Uint8Array): ReadonlyMap<string, Tensor> {
  const storages = new Map<string, Storage>();
  const reader = createReader(file);
  if (unpickle(reader, storages) !== MAGIC) throw new TypeError('no PyTorch checkpoint of the format before 1.6');
  const protocol = unpickle(reader, storages);
  if (protocol !== PROTOCOL)
    throw new TypeError(`protocol ${String(protocol)} of the checkpoint; expected ${PROTOCOL}`);
  unpickle(reader, storages);
  const state = unpickle(reader, storages);
  const keys = unpickle(reader, storages);
  if (!(state instanceof Map) || !Array.isArray(keys)) throw new TypeError('the checkpoint holds no state by name');
  for (const key of keys) {
    const storage = storages.get(String(key));
    const count = Number(reader.int64());
    const raw = reader.bytes(count * (storage?.kind === 'LongStorage' ? 8 : 4));
    if (storage?.kind === 'FloatStorage') storage.values = floatsIn(raw);
  }
  const tensors = [...state].flatMap(([name, value]) => {
    const found = value instanceof View ? tensorOf(value) : undefined;
    return found ? [[String(name), found] as const] : [];
  });
  return new Map(tensors);
}

interface Storage {
  readonly kind: string;
  values?: Float32Array;
}

/** A tensor as a part of a storage. */
class View {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** A function or a class, by module and name. */
class Global {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** The values in row-major order; `undefined` for integers. */
function tensorOf({ storage, offset, shape, strides }: View): Tensor | undefined {
  const held = storage.values;
  if (!held) return undefined;
  const places = shape.reduce<readonly number[]>(
    (starts, size, axis) =>
      starts.flatMap((start) => Array.from({ length: size }, (_, index) => start + index * strides[axis]!)),
    [offset],
  );
  return { shape, values: Float32Array.from(places, (place) => held[place]!) };
}

/** Little-endian float32, whatever the machine; the bytes need not be aligned. */
function floatsIn(raw: Uint8Array): Float32Array {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Float32Array.from({ length: raw.byteLength / 4 }, (_, index) => view.getFloat32(4 * index, true));
}

type Reader = ReturnType<typeof createReader>;

function createReader(file: Uint8Array) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = 0;
  const bytes = (count: number): Uint8Array => {
    if (count < 0 || at + count > file.length)
      throw new TypeError(`the checkpoint ends at ${file.length} within a value`);
    at += count;
    return file.subarray(at - count, at);
  };
  const number = (size: 1 | 2 | 4 | 8) => {
    bytes(size);
    return at - size;
  };
  return {
    bytes,
    uint8: () => view.getUint8(number(1)),
    uint16: () => view.getUint16(number(2), true),
    int32: () => view.getInt32(number(4), true),
    int64: () => view.getBigInt64(number(8), true),
    line: () => {
      const end = file.indexOf(10, at);
      if (end < 0) throw new TypeError(`the checkpoint ends at ${file.length} within a name`);
      const text = new TextDecoder().decode(bytes(end - at));
      at++;
      return text;
    },
    text: (length: number) => new TextDecoder().decode(bytes(length)),
  };
}

const MARK = Symbol('mark');

/** Evaluates one pickle. Dictionaries become maps, lists and tuples arrays. */
function unpickle(reader: Reader, storages: Map<string, Storage>): unknown {
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  const sinceMark = () => {
    const from = stack.lastIndexOf(MARK);
    return stack.splice(from).slice(1);
  };
  const setItems = (items: readonly unknown[]) => {
    const target = stack.at(-1);
    if (!(target instanceof Map)) throw new TypeError('items are set in a value that is no dictionary');
    for (let index = 0; index + 1 < items.length; index += 2) target.set(items[index], items[index + 1]);
  };
  const append = (items: readonly unknown[]) => {
    const target = stack.at(-1);
    if (!Array.isArray(target)) throw new TypeError('items are appended to a value that is no list');
    target.push(...items);
  };
  /** By opcode, as in Python's `pickletools`. */
  const opcodes: Readonly<Record<string, () => unknown>> = {
    '\x80': () => reader.uint8(),
    '\x8a': () => stack.push(littleEndian(reader.bytes(reader.uint8()))),
    '(': () => stack.push(MARK),
    '}': () => stack.push(new Map()),
    ']': () => stack.push([]),
    ')': () => stack.push([]),
    N: () => stack.push(undefined),
    '\x88': () => stack.push(true),
    '\x89': () => stack.push(false),
    J: () => stack.push(reader.int32()),
    K: () => stack.push(reader.uint8()),
    M: () => stack.push(reader.uint16()),
    X: () => stack.push(reader.text(reader.int32())),
    q: () => memo.set(reader.uint8(), stack.at(-1)),
    r: () => memo.set(reader.int32(), stack.at(-1)),
    h: () => stack.push(memo.get(reader.uint8())),
    j: () => stack.push(memo.get(reader.int32())),
    t: () => stack.push(sinceMark()),
    '\x85': () => stack.push(stack.splice(-1)),
    '\x86': () => stack.push(stack.splice(-2)),
    '\x87': () => stack.push(stack.splice(-3)),
    s: () => setItems(stack.splice(-2)),
    u: () => setItems(sinceMark()),
    a: () => append(stack.splice(-1)),
    e: () => append(sinceMark()),
    c: () => stack.push(new Global(`${reader.line()}.${reader.line()}`)),
    Q: () => stack.push(storageOf(stack.pop(), storages)),
    R: () => stack.push(call(...(stack.splice(-2) as [unknown, unknown]))), // Two values are taken from the stack.
    b: () => stack.pop(), // The attributes of an ordered dictionary, which say nothing of the tensors.
  };
  for (;;) {
    const opcode = String.fromCharCode(reader.uint8());
    if (opcode === '.') return stack.pop();
    const run = opcodes[opcode];
    if (!run)
      throw new TypeError(`the pickle has the opcode ${JSON.stringify(opcode)}, which no state of tensors needs`);
    run();
  }
}

function littleEndian(raw: Uint8Array): bigint {
  return raw.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** Finds the storage that the tuple ('storage', kind, key, device, size, view) names, or makes it. */
function storageOf(reference: unknown, storages: Map<string, Storage>): Storage {
  const [, kind, key] = Array.isArray(reference) ? reference : [];
  const name = kind instanceof Global ? kind.name.replace(/^torch\./, '') : String(kind);
  if (name !== 'FloatStorage' && name !== 'LongStorage')
    throw new TypeError(`the checkpoint has a ${name}; expected FloatStorage or LongStorage`);
  const storage = storages.get(String(key)) ?? { kind: name };
  storages.set(String(key), storage);
  return storage;
}

const numbersOf = (values: unknown): readonly number[] => (Array.isArray(values) ? values.map(Number) : []);

function call(target: unknown, given: unknown): unknown {
  const name = target instanceof Global ? target.name : String(target);
  const values = Array.isArray(given) ? given : [];
  if (name === 'collections.OrderedDict') return new Map();
  if (name === 'torch._utils._rebuild_tensor_v2') {
    const [storage, offset, shape, strides] = values;
    if (typeof storage !== 'object') throw new TypeError('a tensor of the checkpoint has no storage');
    return new View(storage, Number(offset), numbersOf(shape), numbersOf(strides));
  }
  throw new TypeError(`the checkpoint calls ${name}, which no state of tensors needs`);
}
