import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { BackboneName } from '@unitsphere/backbones';
import { useBackend } from '@unitsphere/backends';
import { Random } from '@unitsphere/core/random';
import { createEmbedder, embedPixels } from '@unitsphere/embedder';
import { compileNetwork } from '@unitsphere/inference';
import { nativeStatus } from '@unitsphere/native';
import { exportOnnx } from '@unitsphere/onnx-export';
import { l2Normalize } from '@unitsphere/ops';
import { interleave, type Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { pairedRatio, type Summary, summarize } from '../measure/statistics.js';
import { PEERS } from './load-onnx-runtime.js';
import { timeEmbed } from './time-embed.js';

/** The engines, by the names of the table. */
export const ENGINES = [
  'unitsphere, WebAssembly',
  'unitsphere, native',
  'onnxruntime-web, wasm',
  'onnxruntime-node',
] as const;

/** The engine that each of ours is compared with. */
const PEER_OF = {
  'unitsphere, WebAssembly': 'onnxruntime-web, wasm',
  'unitsphere, native': 'onnxruntime-node',
} as const;

/** Time of a batch on one engine. */
export interface EngineFigures {
  engine: (typeof ENGINES)[number];
  milliseconds: Summary;
  /** Time of ONNX Runtime's engine of the same kind over this one's, in the same rounds; only of ours. */
  ratio?: Summary;
  /** The same by processor time, which other processes hardly affect; only with one thread. */
  processorRatio?: Summary;
  /** Largest difference of a value of the embeddings from those of our forward pass. */
  difference: number;
  /** Cores that other processes kept busy; the times are unreliable unless it is near 0. */
  coresOfOthers: number;
}

/** The report of `bench inference`. */
export interface EnginesReport {
  benchmark: 'inference';
  date: string;
  machine: Machine;
  runtime: string;
  isa: string;
  rows: EnginesRow[];
}

/** A network at one batch size and number of threads. */
export interface EnginesRow {
  network: string;
  batch: number;
  /** Threads of each engine. */
  threads: number;
  engines: EngineFigures[];
}

/** Options of {@link runEngines}. */
export interface EnginesOptions {
  /** Networks as `backbone@size`. */
  networks: string[];
  batches: number[];
  /** Threads of each engine. onnxruntime-web reads it once in a process. */
  threads: number;
  rounds: number;
  turnSeconds: number;
  /** A report whose rows stay where they are not measured. */
  earlier?: EnginesReport;
}

/** The networks of the table, at the sizes of their pictures. */
export const ENGINE_NETWORKS = [
  'lcnet_050@128',
  'efficientnet_lite0@224',
  'resnet18@224',
  'mobilenetv4_conv_small@224',
  'vit_tiny_patch16_224@224',
  'iresnet18@112',
];

interface Session {
  inputNames: readonly string[];
  outputNames: readonly string[];
  run(feeds: Record<string, unknown>): Promise<Record<string, { data: Float32Array }>>;
}

interface Runtime {
  env: {
    wasm: { numThreads?: number };
    versions: { common: string; web?: string; node?: string };
  };
  Tensor: new (type: 'uint8', data: Uint8Array, shape: number[]) => unknown;
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}

/** Computes embeddings of pixels. */
type Embed = (pixels: Uint8Array) => Promise<Float32Array> | Float32Array;

/**
 * Times the embedding of a batch of pixels: our compiled networks on WebAssembly and on the processor's own kernels, and the exported
 * float32 file on onnxruntime-web's wasm and on onnxruntime-node. Every engine takes bytes and normalizes them. Weights are initial.
 */
export async function runEngines(
  { networks, batches, threads, rounds, turnSeconds, earlier }: EnginesOptions,
  log: (message: string) => void = () => undefined,
  peers = PEERS,
): Promise<EnginesReport> {
  const runtimes = await loadRuntimes(peers, threads);
  await useBackend('wasm');
  const pace: Pace = { rounds, turnSeconds, warmUpSteps: 8, slowRounds: rounds };
  const rows: EnginesRow[] = [];
  for (const network of networks) {
    log(`${network}: compile`);
    const engines = await createEngines(network, threads, runtimes);
    for (const batch of batches) {
      const measured = await measureBatch(engines, batch, pace, (round) =>
        log(`${network}, batch ${batch}: round ${round}`),
      );
      // Threads that wait for others spin, which is processor time, too.
      if (threads > 1) for (const figures of measured) delete figures.processorRatio;
      rows.push({ network, batch, threads, engines: measured });
    }
    engines.dispose();
  }
  const { versions } = runtimes;
  return {
    benchmark: 'inference',
    date: new Date().toISOString(),
    machine: describeMachine(),
    runtime: `onnxruntime-web ${versions[0]} and onnxruntime-node ${versions[1]}`,
    isa: await withNative('1', () => nativeStatus().detail),
    rows: joinRows(earlier?.rows ?? [], rows),
  };
}

/** Replaces the rows that were measured again, in the order of threads, networks and batches. */
function joinRows(earlier: readonly EnginesRow[], rows: readonly EnginesRow[]): EnginesRow[] {
  const key = ({ network, batch, threads }: EnginesRow) => `${network} ${batch} ${threads}`;
  const measured = new Set(rows.map(key));
  const order = ({ network }: EnginesRow) => ENGINE_NETWORKS.indexOf(network);
  return [...earlier.filter((row) => !measured.has(key(row))), ...rows].sort(
    (a, b) => a.threads - b.threads || order(a) - order(b) || a.batch - b.batch,
  );
}

interface Runtimes {
  web: Runtime;
  node: Runtime;
  versions: [web: string, node: string];
}

async function loadRuntimes(peers: URL, threads: number): Promise<Runtimes> {
  const load = createRequire(peers);
  try {
    const web = (await import(pathToFileURL(load.resolve('onnxruntime-web')).href)) as Runtime & {
      default?: Runtime;
    };
    const runtimes = { web: web.default ?? web, node: load('onnxruntime-node') as Runtime };
    runtimes.web.env.wasm.numThreads = threads;
    const { versions } = runtimes.node.env;
    return { ...runtimes, versions: [runtimes.web.env.versions.web ?? '', versions.node ?? versions.common] };
  } catch (cause) {
    throw new Error('onnxruntime-web or onnxruntime-node is missing: run npm ci in tools/peers.', { cause });
  }
}

/** Runs fn with the native kernels switched on or off. */
async function withNative<T>(value: '0' | '1', fn: () => T | Promise<T>): Promise<T> {
  const before = process.env['UNITSPHERE_NATIVE'];
  process.env['UNITSPHERE_NATIVE'] = value;
  try {
    return await fn();
  } finally {
    if (before === undefined) delete process.env['UNITSPHERE_NATIVE'];
    else process.env['UNITSPHERE_NATIVE'] = before;
  }
}

interface Engines {
  imageSize: number;
  embeds: Map<(typeof ENGINES)[number], Embed>;
  /** Our forward pass, which is not timed. */
  reference: Embed;
  dispose(): void;
}

async function createEngines(network: string, threads: number, { web, node }: Runtimes): Promise<Engines> {
  const [backbone, size] = network.split('@');
  const imageSize = Number(size);
  const embedder = await createEmbedder({ backbone: backbone as BackboneName, imageSize });
  const { model, preprocessing } = embedder;
  if (!model) throw new Error('The embedder does not run on TensorFlow.js.');
  const { mean, std } = preprocessing;
  const options = { size: [imageSize, imageSize] as const, mean, std, threads };
  const compile = () => compileNetwork({ model }, (images) => l2Normalize(model.forward(images)), options);
  // The kernels are chosen while the network is compiled.
  const disposers = [() => embedder.dispose()];
  const compileWith = async (native: '0' | '1'): Promise<Embed> => {
    const compiled = await withNative(native, compile);
    disposers.push(() => compiled.dispose());
    return (pixels) => compiled.run(pixels);
  };
  const file = await exportOnnx(embedder, { input: 'uint8' });
  const embeds: Engines['embeds'] = new Map();
  embeds.set('unitsphere, WebAssembly', await compileWith('0'));
  const isNative = await withNative('1', () => nativeStatus().isa !== undefined);
  if (isNative) embeds.set('unitsphere, native', await compileWith('1'));
  embeds.set(
    'onnxruntime-web, wasm',
    await openSession(web, file, imageSize, { executionProviders: ['wasm'] }),
  );
  const oneByOne = { intraOpNumThreads: threads, interOpNumThreads: 1 };
  embeds.set('onnxruntime-node', await openSession(node, file, imageSize, oneByOne));
  const reference: Embed = (pixels) => embedPixels(model, pixels, preprocessing);
  const dispose = () => {
    for (const release of disposers) release();
  };
  return { imageSize, embeds, reference, dispose };
}

async function openSession(ort: Runtime, file: Uint8Array, side: number, options: object): Promise<Embed> {
  const session = await ort.InferenceSession.create(file, options);
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  return async (pixels) => {
    const shape = [pixels.length / side ** 2 / 3, side, side, 3];
    return (await session.run({ [input]: new ort.Tensor('uint8', pixels, shape) }))[output].data;
  };
}

async function measureBatch(
  { imageSize, embeds, reference }: Engines,
  batch: number,
  pace: Pace,
  onRound: (round: number) => void,
): Promise<EngineFigures[]> {
  const random = new Random(9);
  const pixels = Uint8Array.from({ length: batch * imageSize ** 2 * 3 }, () => random.int(256));
  const expected = await reference(pixels);
  const names = [...embeds.keys()];
  const differences: number[] = [];
  for (const embed of embeds.values()) differences.push(largestDifference(await embed(pixels), expected));
  const measured = await interleave(
    [...embeds.values()].map((embed) => timeEmbed(() => embed(pixels))),
    pace,
    onRound,
  );
  return names.map((engine, i) => {
    const peer = engine in PEER_OF ? PEER_OF[engine as keyof typeof PEER_OF] : undefined;
    return {
      engine,
      milliseconds: summarize(measured[i].turns),
      ...(peer && {
        ratio: pairedRatio(measured[names.indexOf(peer)].turns, measured[i].turns),
        processorRatio: pairedRatio(measured[names.indexOf(peer)].processorTurns, measured[i].processorTurns),
      }),
      difference: differences[i],
      coresOfOthers: measured[i].coresOfOthers,
    };
  });
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
