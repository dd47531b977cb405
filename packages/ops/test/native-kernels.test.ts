// Each kernel of @unitsphere/native beside the WebAssembly kernel of the same name and arguments, on one memory: odd sizes,
// addresses that are aligned to 4 bytes only, NaN and infinities. Skipped where the addon is not built.
import { bindKernels, nativeStatus, supportedIsas } from '@unitsphere/native';
import { describe, expect, test } from 'vitest';
import { decodeBase64 } from '../src/wasm/base64.js';
import { type Kernels, simdBytes } from '../src/wasm/kernels.generated.js';
import { NULL_POINTER, type Pointer } from '../src/wasm/pointer.js';
import { type AllKernels, CASES, composeKernels, type Draw } from './native-kernel-cases.js';

// The suite switches the addon off, so that its other tests run the WebAssembly kernels.
process.env['UNITSPHERE_NATIVE'] = '1';

const BYTES = 32 << 20;
const memory = new WebAssembly.Memory({ initial: BYTES >> 16 });
const floats = new Float32Array(memory.buffer);
const stock = new WebAssembly.Instance(new WebAssembly.Module(decodeBase64(simdBytes)), { env: { memory } })
  .exports as unknown as Kernels;
/** The second half of the memory: what references need beyond a case's own arguments. */
const SPARE = 16 << 20;
const wasm = { ...stock, ...composeKernels(stock, memory, SPARE as Pointer) } as AllKernels;

/** Floats that a previous run may have written. */
let used = SPARE / 4;

interface Region {
  at: number;
  count: number;
  tolerance: number;
}

/** Random numbers from a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs a case with the kernels and returns the values of its outputs and everything else in memory. */
function run(
  kernels: AllKernels,
  use: (draw: Draw, kernels: AllKernels) => unknown,
  seed: number,
  special: boolean,
) {
  const random = generator(seed);
  const outputs: Region[] = [];
  const unchecked: Region[] = [];
  // An odd number of floats: kernels must not require the alignment of a vector.
  let next = 17;
  floats.fill(0.125, 0, used);
  const allocate = (count: number) => {
    const at = next;
    next += count + 5;
    if (4 * next > SPARE) throw new Error('the case needs more memory');
    return at;
  };
  const address = (at: number) => (4 * at) as Pointer;
  const fill = (count: number, value: () => number) => {
    const at = allocate(count);
    for (let i = 0; i < count; i++) floats[at + i] = value();
    if (special && count > 3) {
      floats[at + Math.floor(random() * count)] = Number.NaN;
      floats[at + Math.floor(random() * count)] = random() < 0.5 ? Infinity : -Infinity;
    }
    return at;
  };
  const draw: Draw = {
    size: (least, most) => least + Math.floor(random() * (most - least + 1)),
    input: (count, [low, high] = [-1, 1]) => address(fill(count, () => low + (high - low) * random())),
    ints: (count, low, high) => {
      const at = allocate(count);
      const ints = new Int32Array(memory.buffer, 4 * at, count);
      for (let i = 0; i < count; i++) ints[i] = low + Math.floor(random() * (high - low + 1));
      return address(at);
    },
    distinct: (count, below) => {
      const at = allocate(count);
      const all = Array.from({ length: below }, (_, i) => i);
      const ints = new Int32Array(memory.buffer, 4 * at, count);
      for (let i = 0; i < count; i++)
        [ints[i]] = all.splice(Math.floor(random() * all.length), 1) as [number];
      return address(at);
    },
    output: (count, tolerance = 2e-6) => {
      const at = allocate(count);
      outputs.push({ at, count, tolerance });
      return address(at);
    },
    state: (count, tolerance = 2e-6, [low, high] = [-1, 1]) => {
      const at = fill(count, () => low + (high - low) * random());
      outputs.push({ at, count, tolerance });
      return address(at);
    },
    packed: (rows, columns, width) => {
      // As much memory for any width, so that later addresses agree.
      const count = rows * Math.ceil(columns / 32) * 32;
      const at = allocate(count);
      unchecked.push({ at, count, tolerance: 0 });
      floats.fill(0, at, at + count);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const panel = column - (column % width);
          floats[at + panel * rows + row * width + (column % width)] = 2 * random() - 1;
        }
      }
      return address(at);
    },
    scratch: (bytes) => {
      const count = Math.ceil(bytes / 4);
      // Aligned, as the backend allocates it.
      next = (next + 3) & ~3;
      const at = allocate(count);
      unchecked.push({ at, count, tolerance: 0 });
      return address(at);
    },
    absent: NULL_POINTER,
  };
  const returned = Number(use(draw, kernels) ?? 0);
  used = Math.min(next + 64, SPARE / 4);
  const results = outputs.map(({ at, count, tolerance }) => ({
    values: floats.slice(at, at + count),
    tolerance,
  }));
  for (const { at, count } of [...outputs, ...unchecked]) floats.fill(0, at, at + count);
  return { results, returned, rest: Buffer.from(memory.buffer.slice(0, 4 * used)) };
}

function expectSame(
  actual: ReturnType<typeof run>,
  expected: ReturnType<typeof run>,
  special: boolean,
): void {
  actual.results.forEach(({ values, tolerance }, output) => {
    const reference = expected.results[output].values;
    const largest = reference.reduce(
      (most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most),
      1e-30,
    );
    let worst = 0;
    let odd = '';
    for (let i = 0; i < values.length; i++) {
      if (Number.isFinite(reference[i]) && Number.isFinite(values[i])) {
        worst = Math.max(worst, Math.abs(values[i] - reference[i]) / largest);
      } else if (!Object.is(values[i], reference[i])) {
        odd ||= `output ${output} at ${i}: ${values[i]} instead of ${reference[i]}`;
      }
    }
    expect(odd).toBe('');
    expect(worst, `output ${output}`).toBeLessThanOrEqual(tolerance);
  });
  if (!special) expect(actual.returned / (expected.returned || 1)).toBeCloseTo(expected.returned ? 1 : 0, 5);
  expect(actual.rest.equals(expected.rest), 'no byte outside the outputs changes').toBe(true);
}

describe.skipIf(supportedIsas().length === 0)(`@unitsphere/native (${nativeStatus().detail})`, () => {
  for (const isa of supportedIsas()) {
    const native = { ...wasm, ...bindKernels(memory, isa) } as AllKernels;
    const cases = CASES.filter(
      ({ bfloat16 = false }) => !bfloat16 || (isa === 'avx512' && nativeStatus().bfloat16),
    );
    test.each(cases)(`${isa}: $name agrees with WebAssembly`, ({ use, trials = 8, finite = false }) => {
      for (let seed = 1; seed <= trials; seed++) {
        for (const special of finite ? [false] : [false, true]) {
          // Each side's own scratch sizes are used, so the memory outside the outputs differs only where a kernel writes.
          expectSame(run(native, use, seed, special), run(wasm, use, seed, special), special);
        }
      }
    });
    const [alone, two, three] = [1, 2, 3].map((threads) => {
      const kernels = bindKernels(memory, isa);
      // Parts of 64 floats, so that the sizes of the cases are divided, too.
      kernels?.['setThreads']?.(threads, 64);
      return { ...wasm, ...kernels } as AllKernels;
    });
    test.each(cases)(
      `${isa}: $name has the same bits on 1, 2 and 3 threads`,
      ({ use, trials = 8, finite = false }) => {
        for (let seed = 1; seed <= Math.min(trials, 6); seed++) {
          const special = !finite && seed % 2 === 0;
          const expected = run(alone, use, seed, special);
          for (const kernels of [two, three]) {
            const actual = run(kernels, use, seed, special);
            const bits = ({ results, returned, rest }: ReturnType<typeof run>) =>
              Buffer.concat([
                ...results.map(({ values }) => Buffer.from(values.buffer)),
                Buffer.from(Float64Array.of(returned).buffer),
                rest,
              ]);
            expect(bits(actual).equals(bits(expected))).toBe(true);
          }
          expectSame(expected, run(wasm, use, seed, special), special);
        }
      },
    );
    test(`${isa}: a program runs the calls that it lists, on threads in step`, () => {
      const names = Object.keys(bindKernels(memory, isa) ?? {});
      const [address, x, y, z, minusTwo] = [1024, 4096, 4100, 4104, 4108];
      floats.set([3, 5, 5, -2], x / 4);
      // The second thread adds what the first one has computed before.
      const calls = [['activation', x, 1, 1, y], [], [], ['addActivation', y, minusTwo, 1, 0, z]] as const;
      const words = new Float64Array(memory.buffer, address, 24 * calls.length);
      calls.forEach(([kernel, ...values], i) => {
        words.set([kernel ? names.indexOf(kernel) : -1, ...values], 24 * i);
      });
      bindKernels(memory, isa)?.['runProgram']?.(address, 2, 2);
      expect([...floats.subarray(y / 4, y / 4 + 2)]).toEqual([3, 1]);
      floats.fill(0, address / 4, minusTwo / 4 + 1);
    });
    test(`${isa}: every native kernel has a case`, () => {
      const covered = new Set(CASES.flatMap(({ name, also = [] }) => [name, ...also]));
      const names = Object.keys(bindKernels(memory, isa) ?? {}).filter((name) => name !== 'runProgram');
      expect(names.filter((name) => !covered.has(name) && !/ScratchBytes$/.test(name))).toEqual([]);
      expect(names.filter((name) => !(name in wasm))).toEqual([]);
    });
  }
});
