/** Worker that embeds pictures and searches a gallery, so that the page stays responsive. */
import { useBackend } from '@unitsphere/backends';
import { convertCheckpoint, type Embedder, loadEmbedder } from '@unitsphere/embedder';
import type { ImageInput } from '@unitsphere/images';
import type { MeasuredThresholds } from '@unitsphere/models';
import { createGallery, type Gallery, openGallery } from '@unitsphere/recognition';
import { describeFailure } from '../describe-failure.js';
import { WASM_FOLDER } from '../served.js';
import { type ChosenThreshold, chooseThreshold } from './choose-threshold.js';
import { galleryPoints, hardestPairs } from './gallery-points.js';
import { FEWEST_CALIBRATED, HARDEST_PAIRS, MATCHES } from './limits.js';
import type {
  FromRecognizer,
  GalleryFile,
  GalleryOverview,
  RecognizedPicture,
  RecognizerCalls,
  RecognizerModel,
  ToRecognizer,
} from './messages.js';

const send = (message: FromRecognizer) => postMessage(message);
let embedder: Embedder | undefined;
let gallery: Gallery<ImageInput> | undefined;
let threshold: ChosenThreshold | undefined;
/** Thresholds of the shipped model, if the network is it or was trained from it. */
let shipped: MeasuredThresholds | undefined;
let files: Readonly<Record<string, Uint8Array>> = {};
let turn: Promise<unknown> = Promise.resolve();

addEventListener('message', ({ data }: MessageEvent<ToRecognizer>) => {
  // One call after another: the network runs on one backend.
  turn = turn.then(() => answer(data));
});

async function answer({ request, name, argument }: ToRecognizer): Promise<void> {
  try {
    const onProgress = (done: number, total: number) => send({ type: 'progress', request, done, total });
    send({ type: 'result', request, result: await call(name, argument, onProgress) });
  } catch (error) {
    send({ type: 'failed', request, failure: describeFailure(error) });
  }
}

function call(
  name: ToRecognizer['name'],
  argument: unknown,
  onProgress: (done: number, total: number) => void,
) {
  switch (name) {
    case 'open':
      return open(argument as RecognizerCalls['open']['argument']);
    case 'enroll':
      return enroll(argument as RecognizerCalls['enroll']['argument'], onProgress);
    case 'calibrate':
      return calibrate(argument as number);
    case 'recognize':
      return recognize(argument as Blob | ImageBitmap);
    case 'overview':
      return overview();
    case 'modelFiles':
      return files;
  }
}

function opened(): Gallery<ImageInput> {
  if (!gallery) throw new Error('The gallery is not open; call open first.');
  return gallery;
}

async function open({ model, gallery: bytes }: RecognizerCalls['open']['argument']): Promise<undefined> {
  await useBackend('wasm', { wasmPaths: WASM_FOLDER });
  await gallery?.close();
  gallery = undefined;
  embedder?.dispose();
  files = await filesOf(model);
  embedder = await loadEmbedder(files);
  shipped = await shippedThresholds(model, embedder);
  gallery = bytes ? await openGallery<ImageInput>(bytes, { embedder }) : await createGallery({ embedder });
  threshold = undefined;
  return undefined;
}

async function filesOf(model: RecognizerModel): Promise<Readonly<Record<string, Uint8Array>>> {
  if (model.kind === 'folder') return model.files;
  if (model.kind === 'checkpoint') return convertCheckpoint(model.files);
  // Loaded when it is first needed: the weights are larger than the rest of the page.
  const { documentSmall } = await import('@unitsphere/models');
  const encoder = new TextEncoder();
  return Object.fromEntries(
    Object.entries(documentSmall).map(([name, contents]) => [
      name,
      typeof contents === 'string' ? encoder.encode(contents) : (contents as Uint8Array),
    ]),
  );
}

/** Returns the shipped model's thresholds if a network is this model, or was trained from it. */
async function shippedThresholds(
  model: RecognizerModel,
  { fingerprint }: Embedder,
): Promise<MeasuredThresholds | undefined> {
  if (model.kind === 'checkpoint' && !model.isFromShipped) return undefined;
  const { documentSmall, documentSmallThresholds } = await import('@unitsphere/models');
  const isShipped = () => String(documentSmall['README.md']).includes(fingerprint);
  return model.kind !== 'folder' || isShipped() ? documentSmallThresholds : undefined;
}

async function enroll(
  { identities, falseAcceptRate }: RecognizerCalls['enroll']['argument'],
  onProgress: (done: number, total: number) => void,
): Promise<GalleryFile> {
  const known = opened();
  const total = identities.reduce((sum, { pictures }) => sum + pictures.length, 0);
  let done = 0;
  onProgress(0, total);
  for (const { name, pictures } of identities) {
    const images = pictures.map(({ image }) => image);
    // The gallery's file then tells which picture a template is of.
    const templateMetadata = pictures.map(({ id }) => ({ picture: id }));
    await known.enroll(name, images, undefined, { templateMetadata });
    done += pictures.length;
    onProgress(done, total);
  }
  return calibrate(falseAcceptRate);
}

async function calibrate(falseAcceptRate: number): Promise<GalleryFile> {
  const known = opened();
  const own = known.size < FEWEST_CALIBRATED ? undefined : await known.calibrate({ falseAcceptRate });
  threshold = chooseThreshold({
    identities: known.size,
    falseAcceptRate,
    own,
    acceptRateAt: (at) => known.acceptRateAt(at),
    shipped,
  });
  const pictures = known.list().reduce((sum, { templates }) => sum + templates.length, 0);
  return { state: { identities: known.size, pictures, threshold }, bytes: await known.toBytes() };
}

async function overview(): Promise<GalleryOverview> {
  const known = opened();
  const points = galleryPoints(await known.toBytes(), known.list());
  // Loaded when it is first needed.
  const { mapEmbeddings } = await import('./map-embeddings.js');
  const positions = mapEmbeddings(points.map(({ embedding }) => embedding));
  return {
    pairs: hardestPairs(points, HARDEST_PAIRS),
    points: points.map(({ name, picture }, i) => ({ name, picture, x: positions[i][0], y: positions[i][1] })),
  };
}

async function recognize(image: Blob | ImageBitmap): Promise<RecognizedPicture> {
  const begun = performance.now();
  try {
    const known = opened();
    const { decision, name, matches } = await known.recognize(image, {
      k: MATCHES,
      threshold: threshold?.threshold,
      margin: threshold?.margin,
    });
    const templates = new Map(known.list().flatMap(({ templates }) => templates.map((t) => [t.id, t])));
    return {
      decision,
      name,
      threshold: threshold?.threshold,
      matches: matches.map(({ name, score, template }) => ({
        name,
        score,
        picture: String(templates.get(template)?.metadata['picture'] ?? ''),
      })),
      milliseconds: performance.now() - begun,
    };
  } finally {
    if ('close' in image) image.close();
  }
}
