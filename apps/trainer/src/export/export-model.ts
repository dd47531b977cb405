import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { useBackend } from '@unitsphere/backends';
import {
  type Embedder,
  EmbedderError,
  embedderFiles,
  findOnnxRuntime,
  loadEmbedder,
  type ModelCard,
  type OnnxRuntime,
} from '@unitsphere/embedder';
import {
  addOnnxMetadata,
  exportedFingerprint,
  exportGraphModel,
  exportOnnxFolder,
  exportTransformers,
  graphModelUsage,
  OnnxExportError,
  onnxUsage,
  transformersUsage,
} from '@unitsphere/onnx-export';
import { saveFolder } from '@unitsphere/onnx-export/node';
import { UserError } from '../user-error.js';
import { checkExport, type ExportCheck } from './check-export.js';
import { type ExportImages, openExportImages } from './export-images.js';
import type { ExportOptions, ExportTarget } from './export-options.js';
import { exportTimm } from './export-timm.js';
import { formatCheckSection } from './format-check.js';
import { openTrained } from './open-trained.js';
import { writeCard } from './write-card.js';

/** What an export wrote. */
export interface ExportResult {
  folder: string;
  fingerprint: string;
  /** Bytes of each file, by its path in the folder. */
  sizes: Map<string, number>;
  /** Comparisons with the original model, by the path of the file. */
  checks: Map<string, ExportCheck>;
}

type Files = Map<string, Uint8Array>;

/**
 * Exports a model to a folder. ONNX files run beside the model on held-out images before anything is written.
 * @throws UserError for a model, target or folder that cannot be used.
 */
export async function exportModel(options: ExportOptions): Promise<ExportResult> {
  const { to, output, progress } = options;
  checkTarget(options);
  await checkOutput(output);
  await useBackend(options.backend ?? 'auto');
  try {
    const runtime = to === 'onnx' || to === 'transformers' ? await findOnnxRuntime() : undefined;
    const trained = await openTrained(options.model, options.license);
    const { embedder, card } = trained;
    try {
      const images = runtime && (await openExportImages(trained, options));
      progress.phase('exporting');
      const files = await createFiles(embedder, card, options, runtime, images);
      const checks = new Map<string, ExportCheck>();
      if (runtime && images) {
        for (const [path, bytes] of files) {
          if (!path.endsWith('.onnx')) continue;
          progress.phase(`comparing ${path}`);
          const check = await checkFile(embedder, bytes, runtime, images);
          checks.set(path, check);
          files.set(path, addOnnxMetadata(bytes, { thresholds: stringifyThresholds(check) }));
        }
        files.set('README.md', writeOnnxCard(embedder, card, options, checks));
      }
      progress.phase('writing');
      await saveFolder(output, files);
      const sizes = new Map([...files].map(([path, { length }]) => [path, length] as const));
      const fingerprint = exportedFingerprint(embedder.fingerprint, options.precision);
      return { folder: resolve(output), fingerprint, sizes, checks };
    } finally {
      embedder.dispose();
    }
  } catch (error) {
    if (!(error instanceof OnnxExportError || error instanceof EmbedderError)) throw error;
    throw new UserError(error.message, { cause: error });
  } finally {
    progress.phase(null);
    progress.done();
  }
}

/** Returns the cosines that count as the same identity, by FPR, as JSON. */
function stringifyThresholds({ tpr }: ExportCheck): string {
  const resolved = tpr.filter(({ exported, threshold }) => exported !== null && threshold !== null);
  return JSON.stringify(Object.fromEntries(resolved.map(({ fpr, threshold }) => [fpr, threshold])));
}

function writeOnnxCard(
  embedder: Embedder,
  card: ModelCard,
  options: ExportOptions,
  checks: ReadonlyMap<string, ExportCheck>,
): Uint8Array {
  const usage =
    options.to === 'transformers' ? transformersUsage() : onnxUsage(embedder.preprocessing, options);
  const section = { title: 'Export', text: formatCheckSection(checks) };
  const sections = [...(card.sections ?? []), section];
  return writeCard(embedder, { ...card, usage, sections }, options.precision);
}

/** What the formats other than ONNX have in place of its options. */
const FIXED: Readonly<Record<Exclude<ExportTarget, 'onnx'>, string>> = {
  folder: 'has float32 weights and no graph',
  transformers: 'always has float32, float16 and int8, and takes any number of images',
  timm: 'has float32 weights and no graph',
  tfjs: 'is float32 and takes any number of images as pixels',
};

/** Refuses what no model can be exported to, before anything is read. */
function checkTarget({ to, precision, input, batch }: ExportOptions): void {
  if (to === 'onnx') return;
  for (const [name, value] of Object.entries({ precision, input, batch })) {
    if (value === undefined) continue;
    throw new UserError(`--${name} is only for --to onnx; ${to} ${FIXED[to]}`, {
      hint: `Leave out --${name}, or export with --to onnx.`,
    });
  }
}

async function checkOutput(output: string): Promise<void> {
  const present = await readdir(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    const reason = error.code === 'ENOTDIR' ? 'it is a file' : error.message;
    throw new UserError(`${output} cannot be used: ${reason}`, {
      hint: 'Choose another folder: --output DIR',
    });
  });
  if (present.length > 0) {
    throw new UserError(`${output} is not empty`, {
      hint: 'Choose another folder: --output DIR, or delete it.',
    });
  }
}

async function createFiles(
  embedder: Embedder,
  card: ModelCard,
  { to, precision, input, batch, license }: ExportOptions,
  runtime: OnnxRuntime | undefined,
  images: ExportImages | undefined,
): Promise<Files> {
  if (to === 'timm') return exportTimm(embedder, card);
  if (to === 'tfjs') {
    const usage = graphModelUsage(embedder.preprocessing);
    const files = await exportGraphModel(embedder);
    return new Map([...files, ['README.md', writeCard(embedder, { ...card, usage })]]);
  }
  if (to === 'folder') return new Map(Object.entries(await embedderFiles(embedder, { card })));
  const metadata: Record<string, string> = license === undefined ? {} : { license };
  const calibration = runtime && images && { runtime: runtime as never, images: images.calibration };
  if (to === 'transformers') return exportTransformers(embedder, { calibration, metadata, card });
  return exportOnnxFolder(embedder, { precision, input, batch, calibration, metadata, card });
}

async function checkFile(
  embedder: Embedder,
  bytes: Uint8Array,
  onnxRuntime: OnnxRuntime,
  { check }: ExportImages,
): Promise<ExportCheck> {
  const exported = await loadEmbedder({ 'model.onnx': bytes }, { runtime: 'onnx', onnxRuntime });
  try {
    return await checkExport(embedder, exported, check);
  } finally {
    exported.dispose();
  }
}
