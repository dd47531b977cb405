import { statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { type BackendDescription, describeBackends, useBackend } from '@unitsphere/backends';
import { parseConfig } from '../config/parse-config.js';
import { replicaCount } from '../replicas/replica-count.js';

/** A library that loads or does not. */
export interface LibraryState {
  name: string;
  version?: string;
  detail?: string;
  /** Why it does not load. */
  problem?: string;
  remedy?: string;
}

/** What `unitsphere doctor` finds. */
export interface Inspection {
  unitsphere: string;
  node: { version: string; platform: string; supported: boolean; required: string };
  processor: { model: string; cores: number };
  /** How many replicas a training has by default. */
  replicas: number;
  memory: { totalBytes: number; freeBytes: number };
  disk: { path: string; freeBytes: number };
  packages: { name: string; version: string | null }[];
  tfjs: string;
  /** `computes` is whether a small product came out right. */
  backends: (BackendDescription & { computes?: boolean })[];
  libraries: LibraryState[];
  /** What keeps a training from running here; empty if nothing does. */
  problems: string[];
}

const require = createRequire(import.meta.url);

/** Looks at the machine and at what is installed. Starts each backend that is available, once. */
export async function inspect(): Promise<Inspection> {
  const own = require('unitsphere/package.json');
  const names = Object.keys(own.dependencies).filter((name) => name.startsWith('@unitsphere/'));
  const backends = await inspectBackends();
  const inspection: Inspection = {
    unitsphere: own.version,
    node: {
      version: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      supported: isSupported(process.versions.node),
      required: own.engines.node,
    },
    processor: { model: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism() },
    replicas: replicasByDefault(backends),
    memory: memory(),
    disk: disk(process.cwd()),
    packages: names.map((name) => ({ name, version: versionOf(`${name}/package.json`) })),
    tfjs: tf.version_core,
    backends,
    libraries: [await inspectSharp(), await inspectCanvas()],
    problems: [],
  };
  return { ...inspection, problems: problemsOf(inspection) };
}

/** Whether a Node version is `^20.19.0 || >=22.12.0`. */
export function isSupported(version: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  return (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
}

function replicasByDefault(backends: Inspection['backends']): number {
  // The first that works is what a training takes by default.
  const backend = backends.find(({ computes }) => computes)?.name ?? 'none';
  const { replicas: wanted, batchSize } = parseConfig('').training;
  return replicaCount({ wanted, backend, cores: availableParallelism(), batchSize });
}

async function inspectBackends(): Promise<Inspection['backends']> {
  const backends: Inspection['backends'] = [];
  for (const backend of await describeBackends()) {
    backends.push(backend.available ? { ...backend, ...(await tryBackend(backend.name)) } : backend);
  }
  return backends;
}

async function tryBackend(name: string): Promise<Partial<BackendDescription> & { computes: boolean }> {
  try {
    await useBackend(name);
    const product = tf.tidy(() =>
      tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])),
    );
    const values = [...(await product.data())];
    product.dispose();
    if (values.join() === '19,22,43,50') return { computes: true };
    return { computes: false, reason: `it computes wrongly: a product gave ${values.join(', ')}.` };
  } catch (error) {
    return { computes: false, reason: (error as Error).message };
  }
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
      version: versionFrom('@napi-rs/canvas', dataRequire()) ?? undefined,
      detail: 'draws documents, faces and plots',
    };
  });
}

async function inspectLibrary(
  name: string,
  look: (module: Record<string, unknown>) => { version?: string; detail: string },
): Promise<LibraryState> {
  try {
    // From @unitsphere/data, whose dependency it is.
    const path = dataRequire().resolve(name);
    return { name, ...look(await import(pathToFileURL(path).href)) };
  } catch (error) {
    const problem = (error as Error).message.split('\n')[0];
    return { name, problem, remedy: 'Install anew with optional packages: npm install --include=optional' };
  }
}

const dataRequire = () => createRequire(require.resolve('@unitsphere/data/package.json'));

function versionOf(path: string): string | null {
  try {
    return require(path).version;
  } catch {
    return null;
  }
}

function versionFrom(name: string, from: NodeJS.Require): string | null {
  try {
    return from(`${name}/package.json`).version;
  } catch {
    return null;
  }
}

function memory(): Inspection['memory'] {
  // In a container the limit is what counts; where there is none, the number is 0 or larger than the machine.
  const limit = process.constrainedMemory();
  const total = totalmem();
  return { totalBytes: limit > 0 && limit < total ? limit : total, freeBytes: process.availableMemory() };
}

function disk(path: string): Inspection['disk'] {
  const { bavail, bsize } = statfsSync(path);
  return { path, freeBytes: bavail * bsize };
}

function problemsOf({ node, packages, backends, libraries }: Inspection): string[] {
  const problems: string[] = [];
  if (!node.supported) problems.push(`Node ${node.version} is not supported; install ${node.required}.`);
  for (const { name, version } of packages)
    if (!version) problems.push(`${name} is not installed: npm install`);
  if (!backends.some((backend) => backend.computes)) problems.push('No backend works.');
  for (const { name, problem, remedy } of libraries)
    if (problem) problems.push(`${name} does not load. ${remedy}`);
  return problems;
}
