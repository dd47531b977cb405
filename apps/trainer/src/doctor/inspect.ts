import { statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { nativeStatus } from '@unitsphere/native';
import { parseConfig } from '../config/parse-config.js';
import { resolveThreads } from '../replicas/kernel-threads.js';
import { replicaCount } from '../replicas/replica-count.js';
import { threadsOf } from '../replicas/threads-of.js';
import type { InspectedBackend } from './inspect-backends.js';
import { inspectInChild } from './inspect-in-child.js';

/** The state of an image library. */
export interface LibraryState {
  name: string;
  version?: string;
  detail?: string;
  /** Why it cannot be loaded. */
  problem?: string;
  remedy?: string;
}

/** The result of `unitsphere doctor`. */
export interface Inspection {
  unitsphere: string;
  node: { version: string; platform: string; supported: boolean; required: string };
  processor: { model: string; cores: number };
  /** Default number of replicas of a training. */
  replicas: number;
  /** Default number of threads of a replica's kernels. */
  threads: number;
  memory: { totalBytes: number; freeBytes: number };
  disk: { path: string; freeBytes: number };
  packages: { name: string; version: string | null }[];
  tfjs: string;
  /** State of the native kernels, which are optional. */
  native: string;
  backends: InspectedBackend[];
  libraries: LibraryState[];
  /** Problems that prevent a training on this machine; empty if there are none. */
  problems: string[];
}

const require = createRequire(import.meta.url);

/** Inspects the machine and the installed libraries. Starts each available backend once, in another process. */
export async function inspect(): Promise<Inspection> {
  const own = require('unitsphere/package.json');
  const names = Object.keys(own.dependencies).filter((name) => name.startsWith('@unitsphere/'));
  const backends = await inspectInChild();
  const inspection: Inspection = {
    unitsphere: own.version,
    node: {
      version: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      supported: isSupported(process.versions.node),
      required: own.engines.node,
    },
    processor: { model: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism() },
    ...countDefaults(backends),
    memory: readMemory(),
    disk: readDisk(process.cwd()),
    packages: names.map((name) => ({ name, version: readVersion(name) })),
    tfjs: tf.version_core,
    native: describeNative(),
    backends,
    libraries: [await inspectSharp(), await inspectCanvas()],
    problems: [],
  };
  return { ...inspection, problems: listProblems(inspection) };
}

/** Returns whether a Node version satisfies `^20.19.0 || >=22.12.0`. */
export function isSupported(version: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  return (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
}

function describeNative(): string {
  const { isa, detail, isExpected } = nativeStatus();
  if (isa) return detail;
  return `${isExpected ? '' : 'faulty, '}${detail}; WebAssembly computes instead`;
}

function countDefaults(backends: Inspection['backends']): Pick<Inspection, 'replicas' | 'threads'> {
  // A training uses the first working backend by default.
  const backend = backends.find(({ computes }) => computes)?.name ?? 'none';
  const cores = availableParallelism();
  const config = resolveThreads(parseConfig(''), backend, cores);
  const { replicas: wanted, batchSize } = config.training;
  const threads = threadsOf(config);
  return { replicas: replicaCount({ wanted, backend, cores, threads, batchSize }), threads };
}

async function inspectSharp(): Promise<LibraryState> {
  return inspectLibrary('sharp', (module) => {
    const { versions, format } = module.default as { versions: Record<string, string>; format: object };
    const formats = ['jpeg', 'png', 'webp', 'tiff', 'gif', 'avif'].filter(
      (name) => name in format || name === 'avif',
    );
    return { version: versions.sharp, detail: `reads ${formats.join(', ')}` };
  });
}

async function inspectCanvas(): Promise<LibraryState> {
  return inspectLibrary('@napi-rs/canvas', (module) => {
    const createCanvas = module.createCanvas as (
      w: number,
      h: number,
    ) => { getContext(kind: '2d'): { font: string } };
    createCanvas(8, 8).getContext('2d').font = '8px sans-serif';
    return {
      version: readVersion('@napi-rs/canvas', createDataRequire()) ?? undefined,
      detail: 'draws documents, faces and plots',
    };
  });
}

async function inspectLibrary(
  name: string,
  describe: (module: Record<string, unknown>) => { version?: string; detail: string },
): Promise<LibraryState> {
  try {
    // Resolved from @unitsphere/data, which depends on it.
    const path = createDataRequire().resolve(name);
    return { name, ...describe(await import(pathToFileURL(path).href)) };
  } catch (error) {
    const problem = (error as Error).message.split('\n')[0];
    return { name, problem, remedy: 'Reinstall with optional packages: npm install --include=optional' };
  }
}

const createDataRequire = () => createRequire(require.resolve('@unitsphere/data/package.json'));

function readVersion(name: string, from: NodeJS.Require = require): string | null {
  try {
    return from(`${name}/package.json`).version;
  } catch {
    return null;
  }
}

function readMemory(): Inspection['memory'] {
  // A container may have a memory limit. Without one, constrainedMemory() is 0 or exceeds the machine's memory.
  const limit = process.constrainedMemory();
  const total = totalmem();
  return { totalBytes: limit > 0 && limit < total ? limit : total, freeBytes: process.availableMemory() };
}

function readDisk(path: string): Inspection['disk'] {
  const { bavail, bsize } = statfsSync(path);
  return { path, freeBytes: bavail * bsize };
}

function listProblems({ node, packages, backends, libraries }: Inspection): string[] {
  const problems: string[] = [];
  if (!node.supported) problems.push(`Node ${node.version} is not supported. Install ${node.required}.`);
  for (const { name, version } of packages)
    if (!version) problems.push(`${name} is not installed. Install it: npm install`);
  if (!backends.some((backend) => backend.computes))
    problems.push('No backend works. The reasons are listed under Backends.');
  for (const { name, problem, remedy } of libraries)
    if (problem) problems.push(`${name} cannot be loaded. ${remedy}`);
  return problems;
}
