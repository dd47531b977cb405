/** Thrown for a pickle that is truncated, damaged, or uses an unsupported instruction. */
export class PickleError extends Error {
  override name = 'PickleError';
  /** Stable name of the error, for programs. */
  readonly code: string = 'PICKLE_INVALID';
}

/** Thrown for a pickle that refers to a class or function that is not allowed. */
export class RefusedGlobalError extends PickleError {
  override name = 'RefusedGlobalError';
  /** Stable name of the error, for programs. */
  override readonly code = 'PICKLE_GLOBAL_REFUSED';

  /** @param global The refused "module.name", at most 100 characters of it. */
  constructor(readonly global: string) {
    super(`The pickle refers to ${global}, which is not allowed.`);
  }
}

/** Replacement for a class or function that a pickle refers to. */
export type Global = (...args: unknown[]) => unknown;

/** Options of {@link readPickle}. */
export interface PickleOptions {
  /** Allowed globals by "module.name". A pickle that refers to any other is refused. */
  globals: ReadonlyMap<string, Global>;
  /** Returns the value of a persistent id, which lies outside the pickle. If omitted, persistent ids are refused. */
  persistentLoad?(id: unknown): unknown;
  /** How to decode strings of Python 2: as UTF-8 text or as bytes. Default: text. */
  strings?: 'text' | 'bytes';
}

const MARK = Symbol('mark');
// Limit of Python's integers of arbitrary length.
const MAX_LONG_BYTES = 64;

/**
 * Reads a Python pickle of protocol 2 to 5. A pickle is a program for a small stack machine; this machine only builds values
 * and executes no code. dict → Map, list → Array, tuple → frozen Array, bytes → Uint8Array, set → Set, int → number, or
 * bigint beyond 2^53. Python's pickletools.py describes the instructions.
 * @returns The value, and the offset of the first byte after the pickle.
 * @throws RefusedGlobalError for a global that is not allowed; PickleError for an unsupported instruction or a damaged pickle.
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): { value: unknown; end: number } {
  const machine = new Machine(bytes, options);
  const value = machine.run();
  return { value, end: machine.position };
}

class Machine {
  readonly #view: DataView;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #at = 0;

  readonly #bytes: Uint8Array;
  readonly #options: PickleOptions;

  constructor(bytes: Uint8Array, options: PickleOptions) {
    this.#bytes = bytes;
    this.#options = options;

    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Number of bytes read so far. */
  get position(): number {
    return this.#at;
  }

  run(): unknown {
    for (;;) {
      const code = this.take(1)[0];
      if (code === 0x2e /* STOP */) return this.pop();
      const instruction = INSTRUCTIONS[code];
      if (!instruction) {
        throw new PickleError(
          `The pickle has the instruction 0x${code.toString(16)} at byte ${this.#at - 1}, which is not supported.`,
        );
      }
      instruction(this);
    }
  }

  take(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw damaged(`it ends inside an instruction at byte ${this.#at}`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  uint8(): number {
    return this.take(1)[0];
  }

  uint16(): number {
    this.take(2);
    return this.#view.getUint16(this.#at - 2, true);
  }

  int32(): number {
    this.take(4);
    return this.#view.getInt32(this.#at - 4, true);
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  uint64(): number {
    this.take(8);
    const value = this.#view.getBigUint64(this.#at - 8, true);
    if (value > BigInt(this.#bytes.length)) throw damaged(`it claims ${value} bytes, more than it has`);
    return Number(value);
  }

  float64(): number {
    this.take(8);
    return this.#view.getFloat64(this.#at - 8, false);
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw damaged('it ends inside a name');
    const text = utf8(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return text;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    if (this.#stack.length === 0) throw damaged('it pops an empty stack');
    const value = this.#stack.pop();
    if (value === MARK) throw damaged('it pops a mark as a value');
    return value;
  }

  top(): unknown {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    this.#stack.push(MARK);
  }

  /** Pops the values above the last mark, and the mark. */
  popMarked(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw damaged('a mark is missing');
    const values = this.#stack.splice(mark);
    values.shift();
    return values;
  }

  /** Pops the last `count` values. @returns The values in the order in which they were pushed. */
  popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  put(index: number): void {
    this.#memo.set(index, this.top());
  }

  memoize(): void {
    this.put(this.#memo.size);
  }

  get(index: number): void {
    if (!this.#memo.has(index)) throw damaged(`it loads memo entry ${index}, which it never stored`);
    this.push(this.#memo.get(index));
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw damaged('a global has no name');
    const full = `${module}.${name}`;
    const found = this.#options.globals.get(full);
    if (!found) {
      throw new RefusedGlobalError(clip(full));
    }
    this.push(found);
  }

  reduce(): void {
    const args = this.pop();
    const callable = this.pop();
    if (typeof callable !== 'function' || !Array.isArray(args))
      throw damaged('it calls a value that is not callable');
    this.push(callable(...args.slice(0, 16)));
  }

  build(): void {
    this.pop();
    // torch.save writes a state only for a state dict's _metadata, which is not used.
    if (!(this.top() instanceof Map)) throw damaged('it sets the state of a value that has no state');
  }

  persistent(): void {
    if (!this.#options.persistentLoad) throw damaged('it refers to values outside the pickle');
    this.push(this.#options.persistentLoad(this.pop()));
  }

  /** Pushes a string of Python 2. */
  string(bytes: Uint8Array): void {
    this.push(this.#options.strings === 'bytes' ? new Uint8Array(bytes) : utf8(bytes));
  }

  append(values: unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list) || Object.isFrozen(list))
      throw damaged('it appends to a value that is not a list');
    for (const value of values) list.push(value);
  }

  setItems(items: unknown[]): void {
    const map = this.top();
    if (!(map instanceof Map) || items.length % 2)
      throw damaged('it sets items of a value that is not a dict');
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  addItems(items: unknown[]): void {
    const set = this.top();
    if (!(set instanceof Set)) throw damaged('it adds items to a value that is not a set');
    for (const item of items) set.add(item);
  }
}

const tuple = (values: unknown[]) => Object.freeze(values);

const dictOf = (items: unknown[]) => {
  if (items.length % 2) throw damaged('a dict has a key without a value');
  const map = new Map();
  for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  return map;
};

// By opcode, with the names in pickletools.
const INSTRUCTIONS: Readonly<Record<number, (machine: Machine) => void>> = {
  /* PROTO */ 128: (m) => {
    const protocol = m.uint8();
    if (protocol > 5)
      throw new PickleError(`The pickle has protocol ${protocol}; only 2 to 5 are supported.`);
  },
  /* FRAME */ 149: (m) => void m.take(8),
  /* MARK */ 40: (m) => m.mark(),
  /* POP */ 48: (m) => void m.pop(),
  /* POP_MARK */ 49: (m) => void m.popMarked(),
  /* DUP */ 50: (m) => m.push(m.top()),
  /* NONE */ 78: (m) => m.push(null),
  /* NEWTRUE */ 136: (m) => m.push(true),
  /* NEWFALSE */ 137: (m) => m.push(false),
  /* BININT */ 74: (m) => m.push(m.int32()),
  /* BININT1 */ 75: (m) => m.push(m.uint8()),
  /* BININT2 */ 77: (m) => m.push(m.uint16()),
  /* LONG1 */ 138: (m) => m.push(long(m.take(m.uint8()))),
  /* LONG4 */ 139: (m) => m.push(long(m.take(m.uint32()))),
  /* BINFLOAT */ 71: (m) => m.push(m.float64()),
  /* BINUNICODE */ 88: (m) => m.push(utf8(m.take(m.uint32()))),
  /* SHORT_BINUNICODE */ 140: (m) => m.push(utf8(m.take(m.uint8()))),
  /* BINUNICODE8 */ 141: (m) => m.push(utf8(m.take(m.uint64()))),
  /* SHORT_BINSTRING */ 85: (m) => m.string(m.take(m.uint8())),
  /* BINSTRING */ 84: (m) => m.string(m.take(m.uint32())),
  /* BINBYTES */ 66: (m) => m.push(new Uint8Array(m.take(m.uint32()))),
  /* SHORT_BINBYTES */ 67: (m) => m.push(new Uint8Array(m.take(m.uint8()))),
  /* BINBYTES8 */ 142: (m) => m.push(new Uint8Array(m.take(m.uint64()))),
  /* EMPTY_LIST */ 93: (m) => m.push([]),
  /* LIST */ 108: (m) => m.push(m.popMarked()),
  /* APPEND */ 97: (m) => m.append([m.pop()]),
  /* APPENDS */ 101: (m) => m.append(m.popMarked()),
  /* EMPTY_TUPLE */ 41: (m) => m.push(tuple([])),
  /* TUPLE1 */ 133: (m) => m.push(tuple(m.popMany(1))),
  /* TUPLE2 */ 134: (m) => m.push(tuple(m.popMany(2))),
  /* TUPLE3 */ 135: (m) => m.push(tuple(m.popMany(3))),
  /* TUPLE */ 116: (m) => m.push(tuple(m.popMarked())),
  /* EMPTY_DICT */ 125: (m) => m.push(new Map()),
  /* DICT */ 100: (m) => m.push(dictOf(m.popMarked())),
  /* SETITEM */ 115: (m) => m.setItems(m.popMany(2)),
  /* SETITEMS */ 117: (m) => m.setItems(m.popMarked()),
  /* EMPTY_SET */ 143: (m) => m.push(new Set()),
  /* FROZENSET */ 145: (m) => m.push(new Set(m.popMarked())),
  /* ADDITEMS */ 144: (m) => m.addItems(m.popMarked()),
  /* BINPUT */ 113: (m) => m.put(m.uint8()),
  /* LONG_BINPUT */ 114: (m) => m.put(m.uint32()),
  /* MEMOIZE */ 148: (m) => m.memoize(),
  /* BINGET */ 104: (m) => m.get(m.uint8()),
  /* LONG_BINGET */ 106: (m) => m.get(m.uint32()),
  /* GLOBAL */ 99: (m) => m.global(m.line(), m.line()),
  /* STACK_GLOBAL */ 147: (m) => {
    const [module, name] = m.popMany(2);
    m.global(module, name);
  },
  /* REDUCE */ 82: (m) => m.reduce(),
  /* BUILD */ 98: (m) => m.build(),
  /* BINPERSID */ 81: (m) => m.persistent(),
};

/** Decodes a little-endian two's complement integer. */
function long(bytes: Uint8Array): number | bigint {
  if (bytes.length > MAX_LONG_BYTES) throw damaged(`it has an integer of ${bytes.length} bytes`);
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  const signed = BigInt.asIntN(bytes.length * 8, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw damaged('it has a string that is not UTF-8');
  }
}

function clip(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name;
}

function damaged(what: string): PickleError {
  return new PickleError(`The pickle is damaged: ${what}.`);
}
