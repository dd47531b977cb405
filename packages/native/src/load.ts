import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { findBinary, platformName } from './find-binary.js';
import type { ImageFunctions } from './image-interface.js';
import { ISA_NAMES, type Isa, isasOf } from './isa.js';
import { tryInChild } from './probe.js';

/**
 * Kernels by name. They have the arguments of `@unitsphere/ops`' WebAssembly kernels: numbers, some of them addresses.
 * `setThreads(count)`, which is not enumerable, sets how many threads share the work of each kernel. The default is 1.
 */
export type NativeKernels = Readonly<Record<string, (...args: number[]) => number>>;

/** What the binary exports. */
export interface Addon {
  /** Version of the package that it was built for. */
  version: string;
  /** Returns whether the processor can run an instruction set: `avx512`, `avx512bf16`, `avx2` or `neon`. */
  supports(isa: string): boolean;
  /** Returns kernels on a memory that threads do not share. */
  bind(memory: WebAssembly.Memory, isa: Isa): NativeKernels;
  /** Returns the functions on images. */
  images(isa: Isa): ImageFunctions;
}

/** The state of the addon in this process. */
export interface NativeStatus {
  /** Instruction set of the kernels; undefined if WebAssembly computes instead. */
  isa?: Isa;
  /** Whether products with bfloat16 inputs use the processor's instructions. */
  bfloat16: boolean;
  /** The state in words, with the reason if the addon is not used. */
  detail: string;
  /** Whether the addon is absent, or switched off by `UNITSPHERE_NATIVE=0`; any other reason is a fault. */
  isExpected: boolean;
}

interface Loaded {
  addon?: Addon;
  status: NativeStatus;
}

let loaded: Loaded | undefined;

const OFF: NativeStatus = {
  bfloat16: false,
  detail: 'switched off by UNITSPHERE_NATIVE=0',
  isExpected: true,
};

/** Returns the state of the addon. The first call loads it. It never throws: a faulty addon is not used, and `detail` says why. */
export function nativeStatus(): NativeStatus {
  if (process.env.UNITSPHERE_NATIVE === '0') return OFF;
  loaded ??= load();
  return loaded.status;
}

/**
 * Returns the addon's kernels on a memory, in place of the WebAssembly kernels of the same names. Undefined if there is no addon
 * for this platform and processor, if it is faulty, or if `UNITSPHERE_NATIVE=0` is set.
 * @param memory Memory that threads do not share. It may grow.
 * @param isa Instruction set; by default the best one that the processor supports.
 * @throws Error if the processor does not support `isa`.
 */
export function bindKernels(memory: WebAssembly.Memory, isa = nativeStatus().isa): NativeKernels | undefined {
  if (!nativeStatus().isa) return undefined;
  return isa && loaded?.addon?.bind(memory, isa);
}

/** Returns the addon if it can be used in this process. */
export function loadedAddon(): Addon | undefined {
  return nativeStatus().isa && loaded?.addon;
}

/** Returns the instruction sets that the addon can use in this process, best first. */
export function supportedIsas(): readonly Isa[] {
  if (!nativeStatus().isa) return [];
  return isasOf(process.arch).filter((isa) => loaded?.addon?.supports(isa));
}

const absent = (detail: string): Loaded => ({ status: { bfloat16: false, detail, isExpected: true } });
const faulty = (detail: string): Loaded => ({ status: { bfloat16: false, detail, isExpected: false } });

function load(): Loaded {
  try {
    return tryLoad();
  } catch (error) {
    return faulty((error as Error).message.split('\n')[0] ?? 'it cannot be loaded');
  }
}

function tryLoad(): Loaded {
  const binary = findBinary();
  if (!binary) return absent(`not installed for ${platformName()}`);
  const forced = process.env.UNITSPHERE_NATIVE_ISA;
  const isas = isasOf(process.arch).filter((isa) => !forced || isa === forced);
  if (isas.length === 0) {
    return faulty(`UNITSPHERE_NATIVE_ISA=${forced} is not one of ${isasOf(process.arch).join(', ')}`);
  }
  const { isa, problem } = tryInChild(binary, isas, readVersion());
  if (problem) return faulty(problem);
  if (!isa) return absent(`the processor supports none of ${isas.join(', ')}`);
  const addon = createRequire(binary)(binary) as Addon;
  const bfloat16 = isa === 'avx512' && addon.supports('avx512bf16');
  const detail = `${ISA_NAMES[isa]}${bfloat16 ? ' with bfloat16' : ''}`;
  return { addon, status: { isa, bfloat16, detail, isExpected: true } };
}

function readVersion(): string {
  const own = createRequire(typeof __filename === 'string' ? __filename : import.meta.url);
  return (
    JSON.parse(readFileSync(own.resolve('@unitsphere/native/package.json'), 'utf8')) as { version: string }
  ).version;
}
