import type { BackboneName } from '@unitsphere/backbones';
import { useBackend } from '@unitsphere/backends';
import { Random } from '@unitsphere/core/random';
import { createEmbedder, type Embedder, loadEmbedder, type OnnxRuntime } from '@unitsphere/embedder';
import { nativeStatus } from '@unitsphere/native';
import { type ExportEmbedderOptions, exportOnnx } from '@unitsphere/onnx-export';
import { interleave, type Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { pairedRatio, type Summary, summarize } from '../measure/statistics.js';
import { loadOnnxRuntime, PEERS } from './load-onnx-runtime.js';
import { timeEmbed } from './time-embed.js';

/** Latency of one image on one engine. */
export interface InferenceFigures {
  label: string;
  milliseconds: Summary;
  /** Time of float32 on onnxruntime-node over this one's in the same rounds: above 1 is faster than that. */
  ratio: Summary;
  /** Processor time of an image in milliseconds. Other work on the machine hardly affects it. */
  processor: Summary;
  /** As `ratio`, by processor time. */
  processorRatio: Summary;
  /** Size of the ONNX file in bytes. */
  bytes?: number;
  /** Smallest cosine with our embeddings of the same images. */
  cosine: number;
}

/** The report of `bench export-latency`. */
export interface InferenceReport {
  benchmark: 'export-latency';
  date: string;
  machine: Machine;
  runtime: string;
  imageSize: number;
  models: { backbone: string; contenders: InferenceFigures[] }[];
}

/** Options of {@link runInference}. */
export interface InferenceBenchOptions {
  backbones: BackboneName[];
  imageSize: number;
  rounds: number;
  turnSeconds: number;
}

const CALIBRATION_IMAGES = 32;
const PRECISIONS = ['float32', 'float16', 'int8'] as const;
const BASE = 'onnxruntime-node, float32';
const WARM_UP_STEPS = 8;

/**
 * Times `embed` of one image of the network's size on one thread: our WebAssembly kernels, and the exported model on
 * onnxruntime-node in each precision. Weights are initial; times do not depend on their values.
 */
export async function runInference(
  { backbones, imageSize, rounds, turnSeconds }: InferenceBenchOptions,
  log: (message: string) => void = () => undefined,
  peers = PEERS,
): Promise<InferenceReport> {
  const { ort, version } = loadOnnxRuntime(peers);
  await useBackend('wasm');
  const pace: Pace = { rounds, turnSeconds, warmUpSteps: WARM_UP_STEPS, slowRounds: rounds };
  const models: InferenceReport['models'] = [];
  for (const backbone of backbones) {
    log(`${backbone}: export`);
    models.push({ backbone, contenders: await measureBackbone(backbone, imageSize, ort, pace, log) });
  }
  return {
    benchmark: 'export-latency',
    date: new Date().toISOString(),
    machine: describeMachine(),
    runtime: `onnxruntime-node ${version}`,
    imageSize,
    models,
  };
}

async function measureBackbone(
  backbone: BackboneName,
  imageSize: number,
  ort: OnnxRuntime,
  pace: Pace,
  log: (message: string) => void,
): Promise<InferenceFigures[]> {
  const images = drawImages(CALIBRATION_IMAGES, imageSize);
  const embedder = await createEmbedder({ backbone, imageSize });
  const contenders: { label: string; embedder: Embedder; bytes?: number }[] = [
    { label: labelOfOurs(), embedder },
  ];
  for (const precision of PRECISIONS) {
    const options: ExportEmbedderOptions =
      precision === 'int8' ? { precision, calibration: { runtime: ort as never, images } } : { precision };
    const bytes = await exportOnnx(embedder, options);
    const exported = await loadEmbedder(
      { 'model.onnx': bytes },
      { runtime: 'onnx', onnxRuntime: onOneThread(ort) },
    );
    contenders.push({ label: `onnxruntime-node, ${precision}`, embedder: exported, bytes: bytes.length });
  }
  try {
    const ours = await embedder.embed(images);
    const cosines = await Promise.all(
      contenders.map(async ({ embedder: other }) => smallestCosine(ours, await other.embed(images))),
    );
    const measured = await interleave(
      contenders.map(({ embedder: other }) => timeEmbed(() => other.embed(images[0]))),
      pace,
      (done, of) => log(`${backbone}: round ${done + 1} of ${of}`),
    );
    const base = measured[contenders.findIndex(({ label }) => label === BASE)];
    return contenders.map(({ label, bytes }, i) => ({
      label,
      milliseconds: summarize(measured[i].turns),
      ratio: pairedRatio(base.turns, measured[i].turns),
      processor: summarize(measured[i].processorTurns),
      processorRatio: pairedRatio(base.processorTurns, measured[i].processorTurns),
      ...(bytes !== undefined && { bytes }),
      cosine: cosines[i],
    }));
  } finally {
    for (const { embedder: other } of contenders) other.dispose();
  }
}

type Pixels = { width: number; height: number; data: Uint8Array };

/** Draws images of smooth colors, so that ranges of activations are not those of noise. */
function drawImages(count: number, side: number): Pixels[] {
  const random = new Random(9);
  return Array.from({ length: count }, () => {
    const waves = Array.from({ length: 9 }, () => random.uniform(-0.2, 0.2));
    const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
      return 128 + 120 * Math.sin(waves[c] * x + waves[3 + c] * y + 20 * waves[6 + c]);
    });
    return { width: side, height: side, data };
  });
}

/** Our WebAssembly kernels run on one thread in Node, so the runtime has one as well. */
function onOneThread(ort: OnnxRuntime): OnnxRuntime {
  return {
    Tensor: ort.Tensor,
    InferenceSession: {
      create: (model, options) => ort.InferenceSession.create(model, { ...options, intraOpNumThreads: 1 }),
    },
  };
}

function smallestCosine(ours: readonly Float32Array[], theirs: readonly Float32Array[]): number {
  return Math.min(...ours.map((row, n) => row.reduce((sum, value, i) => sum + value * theirs[n][i], 0)));
}

/** The addon computes on the WASM backend's memory, if it is there. */
function labelOfOurs(): string {
  const { isa, detail } = nativeStatus();
  return `unitsphere, wasm${isa ? ` with native ${detail}` : ''}`;
}
