import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { useBackend } from '@unitsphere/backends';
import { evaluationSet, type Image, type ImageSource, openSource } from '@unitsphere/data';
import { type Embedder, loadEmbedder, type OnnxRuntime } from '@unitsphere/embedder';
import { documentSmall } from '@unitsphere/models';
import { type ExportEmbedderOptions, exportOnnx } from '@unitsphere/onnx-export';
import { verifyEmbeddings } from '@unitsphere/verification';
import { loadOnnxRuntime, PEERS } from '../inference/load-onnx-runtime.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { mean, type Summary, summarize } from '../measure/statistics.js';
import { PEER_METHODS, quantizeByPeer } from './quantize-by-peer.js';

/** What one file of a model computes on the test images. */
export interface QuantizationFigures {
  label: string;
  bytes: number;
  /** Mean and smallest cosine with the float32 embedding of the same image. */
  cosine: { mean: number; smallest: number };
  /** TPR by FPR, such as `1e-3`, over the seeds of the augmentation. */
  tpr: Record<string, Summary>;
  /** TPR minus that of float32 on the same images. */
  change: Record<string, Summary>;
}

/** The report of `bench quantization`. */
export interface QuantizationReport {
  benchmark: 'quantization';
  date: string;
  machine: Machine;
  runtime: string;
  model: string;
  /** Fingerprint of the weights. */
  fingerprint: string;
  /** Number of the calibration images, and what they show. */
  calibration: { count: number; kind: string };
  identities: number;
  /** Test images of each identity and seed. */
  imagesPerIdentity: number;
  seeds: number;
  files: QuantizationFigures[];
  /** Why the peer's files are missing, if they are. */
  without?: string;
}

/** Options of {@link runQuantization}. */
export interface QuantizationOptions {
  /** A run, a checkpoint, a model folder, or `document-small` for that of `@unitsphere/models`. */
  model: string;
  /** What the table calls the model. Default: the folder's name. */
  name?: string;
  /** Folder of the test images, each of which is one identity that the model was not trained on. */
  data: string;
  /** identities.json of a run, whose test identities are measured, and not calibrated with. Default: all. */
  identities?: string;
  /** Folder of the calibration images. Default: generated documents. */
  calibration?: string;
  /** Number of calibration images. */
  images: number;
  /** Number of augmentations of the test images. */
  seeds: number;
}

const FPRS = [1e-2, 1e-3, 1e-4];
const BATCH = 64;
const AUGMENTED = 8;
const OURS: [label: string, options: ExportEmbedderOptions][] = [
  ['float32', {}],
  ['float16', { precision: 'float16' }],
  ['int8 weights', { precision: 'int8-weights' }],
  ['int8', { precision: 'int8' }],
];

interface Contender {
  label: string;
  bytes: number;
  embedder: Embedder;
}

/**
 * Measures what each precision costs in accuracy: a model's ONNX files verify the same test images on onnxruntime-node. Calibration
 * images are others. Peers are files that onnxruntime's `quantize_static` made of the float32 file from the same calibration images.
 */
export async function runQuantization(
  options: QuantizationOptions,
  log: (message: string) => void = () => undefined,
  peers = PEERS,
): Promise<QuantizationReport> {
  const { ort, version } = loadOnnxRuntime(peers);
  await useBackend('wasm');
  const embedder = await loadEmbedder(options.model === 'document-small' ? documentSmall : options.model);
  const { fingerprint, preprocessing } = embedder;
  const { imageSize } = preprocessing;
  // Larger than the input, as in the trainer's evaluation, so that augmented copies stay sharp.
  const side = Math.round(imageSize * 1.25);
  const calibration = await openCalibration(options, side);
  const { contenders, without } = await createContenders(embedder, calibration.images, ort, log);
  embedder.dispose();
  const source = await openSource({ kind: 'folder', dir: options.data, side, identityPer: 'file' });
  const identities = await selectIdentities(source, options.identities);
  const results: Map<string, SeedFigures>[] = [];
  for (let seed = 0; seed < options.seeds; seed++) {
    log(`embedding the test images, seed ${seed + 1} of ${options.seeds}`);
    results.push(await measureSeed(contenders, source, identities, imageSize, seed));
  }
  for (const contender of contenders) contender.embedder.dispose();
  return {
    benchmark: 'quantization',
    date: new Date().toISOString(),
    machine: describeMachine(),
    runtime: `onnxruntime-node ${version}`,
    model: options.name ?? basename(resolve(options.model)),
    fingerprint,
    calibration: { count: calibration.images.length, kind: calibration.kind },
    identities: identities.length,
    imagesPerIdentity: AUGMENTED + 1,
    seeds: options.seeds,
    files: contenders.map(({ label, bytes }) => ({ label, bytes, ...combineSeeds(results, label) })),
    ...(without !== undefined && { without }),
  };
}

async function openCalibration({ calibration, images, identities }: QuantizationOptions, side: number) {
  const source =
    calibration === undefined
      ? await openSource({ kind: 'documents', identities: images, size: side, seed: 1 })
      : await openSource({ kind: 'folder', dir: calibration, side, identityPer: 'file' });
  const tested = new Set(identities === undefined ? [] : await readNames(identities));
  const free = source.identities.map((_, i) => i).filter((i) => !tested.has(source.identities[i].name));
  const count = Math.min(images, free.length);
  const chosen = Array.from({ length: count }, (_, i) => free[Math.floor((i * free.length) / count)]);
  const loaded: Image[] = [];
  for (const identity of chosen) loaded.push(await source.load(identity, 0));
  const kind = calibration === undefined ? 'generated documents' : 'images of other identities';
  return { images: loaded, kind };
}

async function createContenders(
  embedder: Embedder,
  images: readonly Image[],
  ort: OnnxRuntime,
  log: (message: string) => void,
): Promise<{ contenders: Contender[]; without?: string }> {
  const open = async (label: string, bytes: Uint8Array): Promise<Contender> => ({
    label,
    bytes: bytes.length,
    embedder: await loadEmbedder({ 'model.onnx': bytes }, { runtime: 'onnx', onnxRuntime: ort }),
  });
  const contenders: Contender[] = [];
  let full = new Uint8Array();
  for (const [label, options] of OURS) {
    log(`writing ${label}`);
    const calibration = { runtime: ort as never, images };
    const bytes = await exportOnnx(
      embedder,
      options.precision === 'int8' ? { ...options, calibration } : options,
    );
    if (label === 'float32') full = bytes as Uint8Array<ArrayBuffer>;
    contenders.push(await open(label, bytes));
  }
  for (const method of PEER_METHODS) {
    log(`quantize_static, ${method}`);
    try {
      const bytes = await quantizeByPeer(full, images, embedder.preprocessing, method);
      contenders.push(await open(`int8 by quantize_static, ${method}`, bytes));
    } catch (error) {
      return {
        contenders,
        without: `onnxruntime's quantize_static failed: ${(error as Error).message} (run pip install onnx onnxruntime, and set UNITSPHERE_PYTHON)`,
      };
    }
  }
  return { contenders };
}

async function selectIdentities(source: ImageSource, list: string | undefined): Promise<number[]> {
  const all = source.identities.map((_, i) => i);
  if (list === undefined) return all;
  const names = new Set(await readNames(list));
  const found = all.filter((i) => names.has(source.identities[i].name));
  if (found.length < 2) throw new Error(`${list} names fewer than 2 images of the folder.`);
  return found;
}

/** Reads the test identities of a run's identities.json. */
async function readNames(file: string): Promise<string[]> {
  const { test } = JSON.parse(await readFile(file, 'utf8')) as { test: string[] };
  return test;
}

interface SeedFigures {
  cosines: number[];
  tpr: Record<string, number>;
}

async function measureSeed(
  contenders: readonly Contender[],
  source: ImageSource,
  identities: readonly number[],
  size: number,
  seed: number,
): Promise<Map<string, SeedFigures>> {
  const embeddings = contenders.map((): Float32Array[] => []);
  const labels: number[] = [];
  let batch: Image[] = [];
  const embedBatch = async () => {
    for (const [i, { embedder }] of contenders.entries())
      embeddings[i].push(...(await embedder.embed(batch)));
    batch = [];
  };
  for await (const { image, label } of evaluationSet(source, identities, {
    size,
    seed,
    augmented: AUGMENTED,
  })) {
    labels.push(label);
    batch.push(image);
    if (batch.length === BATCH) await embedBatch();
  }
  if (batch.length > 0) await embedBatch();
  const [base] = embeddings;
  const figures = contenders.map(({ label }, i) => {
    const rows = embeddings[i];
    const dimensions = rows[0].length;
    const all = new Float32Array(rows.length * dimensions);
    for (const [n, row] of rows.entries()) all.set(row, n * dimensions);
    const { tprAtFpr } = verifyEmbeddings(all, dimensions, Int32Array.from(labels), { fprs: FPRS });
    const tpr = tprAtFpr
      .filter(({ resolved }) => resolved)
      .map(({ fpr, tpr }) => [fpr.toExponential(), tpr] as const);
    const cosines = rows.map((row, n) => row.reduce((sum, value, k) => sum + value * base[n][k], 0));
    return [label, { cosines, tpr: Object.fromEntries(tpr) }] as const;
  });
  return new Map(figures);
}

function combineSeeds(
  results: readonly Map<string, SeedFigures>[],
  label: string,
): Pick<QuantizationFigures, 'cosine' | 'tpr' | 'change'> {
  const of = (name: string) => results.map((seed) => seed.get(name) as SeedFigures);
  const [ours, base] = [of(label), of('float32')];
  const cosines = ours.flatMap((seed) => seed.cosines);
  const fprs = Object.keys(base[0].tpr);
  const by = (value: (fpr: string, seed: number) => number) =>
    Object.fromEntries(fprs.map((fpr) => [fpr, summarize(ours.map((_, seed) => value(fpr, seed)))]));
  return {
    cosine: { mean: mean(cosines), smallest: cosines.reduce((a, b) => Math.min(a, b)) },
    tpr: by((fpr, seed) => ours[seed].tpr[fpr]),
    change: by((fpr, seed) => ours[seed].tpr[fpr] - base[seed].tpr[fpr]),
  };
}
