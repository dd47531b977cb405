import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Isa } from './isa.js';

/** Loads the addon, checks its version, multiplies two matrices with the first supported instruction set, and prints its name. */
const PROGRAM = `
const [, binary, isas, version] = process.argv;
const addon = require(binary);
if (addon.version !== version) throw new Error('built for version ' + addon.version + ', but @unitsphere/native is ' + version);
const isa = isas.split(',').find(addon.supports);
if (isa) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const floats = new Float32Array(memory.buffer);
  floats.set([1, 2, 3, 4, 5, 6, 7, 8], 16);
  addon.bind(memory, isa).gemm(0, 0, 2, 2, 2, 64, 2, 80, 2, 96, 2, 0, 0, 0);
  const product = floats.subarray(24, 28).join();
  if (product !== '19,22,43,50') throw new Error('it computes wrong values: ' + product + ' instead of 19,22,43,50');
}
console.log(isa ?? 'none');
`;

/** The result of a trial: the first supported instruction set, or why the addon cannot be used. */
export type Trial = { isa?: Isa; problem?: undefined } | { isa?: undefined; problem: string };

/**
 * Tries the addon in a child process, because an addon that crashes ends its process. A success is remembered in the folder for
 * temporary files, per binary, processor and version of Node, so that the 50 ms of a child are spent once.
 */
export function tryInChild(binary: string, isas: readonly Isa[], version: string): Trial {
  const file = rememberedFile(binary, isas, version);
  const known = read(file);
  if (known === 'none' || isas.includes(known as Isa))
    return { isa: known === 'none' ? undefined : (known as Isa) };
  const { status, signal, stdout, stderr, error } = spawnSync(
    process.execPath,
    ['-e', PROGRAM, binary, isas.join(), version],
    { env: { ...process.env, NODE_OPTIONS: '' }, timeout: 10_000, encoding: 'utf8' },
  );
  if (error) return { problem: `the process that tries it failed: ${error.message}` };
  if (signal) return { problem: `it crashed with ${signal}` };
  if (status !== 0)
    return { problem: /Error: (.*)/.exec(stderr)?.[1] ?? `it ended with exit code ${status}` };
  const isa = stdout.trim();
  remember(file, isa);
  return { isa: isa === 'none' ? undefined : (isa as Isa) };
}

function rememberedFile(binary: string, isas: readonly Isa[], version: string): string {
  const { size, mtimeMs } = statSync(binary);
  const identity = JSON.stringify([binary, size, mtimeMs, isas, version, cpus()[0]?.model, process.version]);
  const key = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  return join(tmpdir(), `unitsphere-native-${userInfo().uid}`, key);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function remember(file: string, isa: string): void {
  try {
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
    writeFileSync(file, isa);
  } catch {
    // The next process tries the addon again.
  }
}
