/** Worker that exports a model, so that the page stays responsive. */
import { useBackend } from '@unitsphere/backends';
import {
  convertCheckpoint,
  type Embedder,
  formatModelCard,
  loadEmbedder,
  type OnnxRuntime,
} from '@unitsphere/embedder';
import type { PixelImage } from '@unitsphere/images';
import { exportGraphModel, exportOnnxFolder, graphModelUsage } from '@unitsphere/onnx-export';
import { strToU8, zipSync } from 'fflate';
import { describeFailure } from '../../describe-failure.js';
import { WASM_FOLDER } from '../../served.js';
import { EXPORT_FORMATS } from './formats.js';
import type { ExportCheck, ExportRequest, FromExport } from './messages.js';

const send = (message: FromExport, transfer: Transferable[] = []) => postMessage(message, { transfer });

addEventListener('message', ({ data }: MessageEvent<ExportRequest>) => {
  exportModel(data).catch((error) => send({ type: 'failed', failure: describeFailure(error) }));
});

async function exportModel({ files, step, format, images }: ExportRequest): Promise<void> {
  const { precision } = EXPORT_FORMATS[format];
  send({ type: 'phase', text: 'Reading the model …' });
  await useBackend('wasm', { wasmPaths: WASM_FOLDER });
  const embedder = await loadEmbedder(await convertCheckpoint(files));
  try {
    const name = `unitsphere-step-${step}-${format}`;
    const title = `A model trained in unitsphere studio, step ${step}`;
    if (precision === undefined) {
      send({ type: 'phase', text: 'Writing the GraphModel …' });
      const graph = await exportGraphModel(embedder);
      return sendArchive(name, graph.set('README.md', describeGraphModel(embedder, title)));
    }
    const half = Math.ceil(images.length / 2);
    const runtime = await loadRuntime();
    send({ type: 'phase', text: 'Writing the ONNX file …' });
    const exported = await exportOnnxFolder(embedder, {
      precision,
      card: { title },
      ...(precision === 'int8' && {
        calibration: { runtime: runtime as never, images: images.slice(0, half) },
      }),
    });
    send({ type: 'phase', text: 'Comparing it with the model …' });
    const check = await checkOnnx(embedder, exported.get('model.onnx'), images.slice(half), runtime);
    sendArchive(name, exported, check);
  } finally {
    embedder.dispose();
  }
}

/** Returns the model card of a GraphModel. */
function describeGraphModel(embedder: Embedder, title: string): Uint8Array {
  const { config: model, preprocessing, embeddingSize, fingerprint } = embedder;
  const facts = { model, preprocessing, embeddingSize, fingerprint };
  return strToU8(formatModelCard(facts, { title, usage: graphModelUsage(preprocessing) }));
}

function sendArchive(name: string, files: ReadonlyMap<string, Uint8Array>, check?: ExportCheck): void {
  // Weights are not compressible.
  const archive = zipSync({ [name]: Object.fromEntries(files) }, { level: 0 }) as Uint8Array<ArrayBuffer>;
  send({ type: 'exported', archive, check }, [archive.buffer]);
}

/** Loads ONNX Runtime from this server, when it is first needed: it is larger than the rest of the page. */
async function loadRuntime(): Promise<OnnxRuntime> {
  send({ type: 'phase', text: 'Loading ONNX Runtime …' });
  const runtime = await import('onnxruntime-web/wasm');
  // More threads require headers that a static server does not send.
  runtime.env.wasm.numThreads = 1;
  return runtime as unknown as OnnxRuntime;
}

async function checkOnnx(
  embedder: Embedder,
  bytes: Uint8Array | undefined,
  images: readonly PixelImage[],
  onnxRuntime: OnnxRuntime,
): Promise<ExportCheck> {
  if (!bytes) throw new Error('The export has no model.onnx.');
  const exported = await loadEmbedder({ 'model.onnx': bytes }, { runtime: 'onnx', onnxRuntime });
  try {
    const [ours, theirs] = [await embedder.embed(images), await exported.embed(images)];
    let largestDifference = 0;
    let smallestCosine = 1;
    for (const [i, row] of ours.entries()) {
      const cosine = row.reduce((sum, value, k) => sum + value * theirs[i][k], 0);
      smallestCosine = Math.min(smallestCosine, cosine);
      for (const [k, value] of row.entries()) {
        largestDifference = Math.max(largestDifference, Math.abs(value - theirs[i][k]));
      }
    }
    return { images: images.length, largestDifference, smallestCosine };
  } finally {
    exported.dispose();
  }
}
