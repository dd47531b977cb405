import { basename, resolve } from 'node:path';
import { Random } from '@unitsphere/core/random';
import { applyView, DocumentSource, evaluationSet, type ImageSource, openFolder } from '@unitsphere/data';
import { type Embedder, loadEmbedder } from '@unitsphere/embedder';
import {
  createGallery,
  type EvaluatedRate,
  evaluateGallery,
  type GalleryEvaluation,
} from '@unitsphere/recognition';
import { describeMachine, type Machine } from '../measure/machine.js';

/** How often a gallery's stated interval contained the rate of accepted strangers. */
export interface CalibrationFigures {
  images: string;
  /** Number of enrolled identities. */
  identities: number;
  /** Number of other identities, by which the rate was measured. */
  strangers: number;
  seeds: {
    threshold: number;
    isFitted: boolean;
    interval: { low: number; high: number };
    /** Measured rate of accepted strangers. */
    rate: number;
  }[];
}

/** The report of `bench recognition`. */
export interface RecognitionReport {
  benchmark: 'recognition';
  date: string;
  machine: Machine;
  /** Name of the model, and the start of its fingerprint. */
  model: string;
  fingerprint: string;
  falseAcceptRate: number;
  calibration: CalibrationFigures[];
  /** One clean picture of every other card is enrolled; augmented copies are recognized. */
  cards?: Pick<GalleryEvaluation, 'enrolled' | 'strangers' | 'probes' | 'ranks'> & {
    copies: number;
    points: {
      targetFpir: number;
      fnir: number;
      fnirInterval: EvaluatedRate['interval'];
      threshold: number;
      resolved: boolean;
    }[];
    calibrated: {
      threshold: number;
      /** Pairs of cards that look like one card enrolled twice, and the threshold with them. */
      duplicates: number;
      thresholdWithDuplicates?: number;
      stated: EvaluatedRate['interval'];
      fpir: EvaluatedRate;
      fnir?: EvaluatedRate;
    };
  };
}

/** Options of {@link runRecognition}. */
export interface RecognitionBenchOptions {
  /** A run, a checkpoint, a model folder, a URL or a model of the hub. */
  model: string;
  /** Folder of cards, each file of which is one identity. */
  data?: string;
  /** Number of generated documents. */
  documents: number;
  /** Augmented copies of each card. */
  copies: number;
  seeds: number;
}

const FALSE_ACCEPT_RATE = 0.01;
const GALLERY_SIZES = [10, 100, 1000];
/** Seed of the generated documents, which no config trains on. */
const DOCUMENT_SEED = 20_261_130;
const BATCH = 64;

/**
 * Measures calibration: galleries of several sizes are calibrated from their own identities, and strangers are counted that
 * they accept. Then measures recognition of cards with one enrolled picture each.
 */
export async function runRecognition(
  { model, data, documents, copies, seeds }: RecognitionBenchOptions,
  log: (message: string) => void = () => undefined,
): Promise<RecognitionReport> {
  const embedder = await loadEmbedder(model);
  try {
    const report: RecognitionReport = {
      benchmark: 'recognition',
      date: new Date().toISOString(),
      machine: describeMachine(),
      model: basename(resolve(model)),
      fingerprint: embedder.fingerprint.slice(0, 12),
      falseAcceptRate: FALSE_ACCEPT_RATE,
      calibration: [],
    };
    const source = await DocumentSource.create({ identities: documents, seed: DOCUMENT_SEED });
    const drawn = await embedSource(embedder, source, 0, (done) => log(`documents ${done}/${documents}`));
    await measureCalibration('generated documents', drawn, seeds, report, log);
    if (data !== undefined) {
      const folder = await openFolder(data);
      const total = folder.identities.length;
      const cards = await embedSource(embedder, folder, copies, (done) => log(`cards ${done}/${total}`));
      await measureCalibration(basename(resolve(data)), cards, seeds, report, log);
      const identities = new Map(cards.map((images, n) => [folder.identities[n].name, images]));
      const found = await evaluateGallery(identities, {
        fpirs: [0.1, 0.01],
        falseAcceptRate: FALSE_ACCEPT_RATE,
      });
      const { calibration, fpir, fnir } = found.calibrated;
      report.cards = {
        copies,
        enrolled: found.enrolled,
        strangers: found.strangers,
        probes: found.probes,
        ranks: found.ranks,
        points: found.points.map(({ targetFpir, fnir, fnirInterval, threshold, resolved }) => ({
          targetFpir,
          fnir,
          fnirInterval,
          threshold,
          resolved,
        })),
        calibrated: {
          threshold: calibration.threshold,
          duplicates: calibration.duplicates.length,
          thresholdWithDuplicates: calibration.thresholdWithDuplicates,
          stated: calibration.interval,
          fpir,
          fnir,
        },
      };
    }
    return report;
  } finally {
    embedder.dispose();
  }
}

/** Embeds each identity's clean image, followed by augmented copies. */
async function embedSource(
  embedder: Embedder,
  source: ImageSource,
  copies: number,
  onProgress: (done: number) => void,
): Promise<Float32Array[][]> {
  const { imageSize } = embedder.preprocessing;
  const groups: Float32Array[][] = source.identities.map(() => []);
  let batch: { identity: number; image: { width: number; height: number; data: Uint8Array } }[] = [];
  const flush = async () => {
    const embeddings = await embedder.embed(batch.map(({ image }) => image));
    batch.forEach(({ identity }, n) => {
      groups[identity].push(embeddings[n]);
    });
    batch = [];
  };
  for await (const { identity, image } of drawImages(source, imageSize, copies)) {
    batch.push({ identity, image });
    if (batch.length < BATCH) continue;
    await flush();
    onProgress(identity);
  }
  if (batch.length > 0) await flush();
  return groups;
}

/** Yields each identity's clean image, followed by augmented copies. */
async function* drawImages(source: ImageSource, size: number, copies: number) {
  const all = source.identities.map((_, n) => n);
  if (copies > 0) {
    yield* evaluationSet(source, all, { size, seed: 1, augmented: copies });
    return;
  }
  for (const identity of all) {
    // A canvas frees its pixel memory only when the event loop turns.
    await new Promise((resolve) => setTimeout(resolve));
    yield { identity, image: applyView(await source.load(identity, 0), 0, size) };
  }
}

async function measureCalibration(
  images: string,
  groups: readonly Float32Array[][],
  seeds: number,
  report: RecognitionReport,
  log: (message: string) => void,
): Promise<void> {
  for (const identities of GALLERY_SIZES.filter((size) => groups.length >= 2 * size)) {
    const figures: CalibrationFigures = {
      images,
      identities,
      strangers: groups.length - identities,
      seeds: [],
    };
    for (let seed = 0; seed < seeds; seed++) {
      log(`${images}: gallery of ${identities}, seed ${seed + 1} of ${seeds}`);
      const order = new Random(seed, 'recognition').shuffle(groups.map((_, n) => n));
      const gallery = await createGallery({ embeddingSize: groups[0][0].length });
      for (const n of order.slice(0, identities)) await gallery.enroll(String(n), groups[n][0]);
      const { threshold, isFitted, interval } = await gallery.calibrate({
        falseAcceptRate: FALSE_ACCEPT_RATE,
      });
      const found = await gallery.recognizeMany(
        order.slice(identities).map((n) => groups[n][0]),
        { k: 1 },
      );
      await gallery.close();
      const rate = found.filter(({ decision }) => decision !== 'unknown').length / found.length;
      figures.seeds.push({ threshold, isFitted, interval, rate });
    }
    report.calibration.push(figures);
  }
}
