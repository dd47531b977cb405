/** Worker that embeds pictures and searches a gallery, so that the page stays responsive. */
import { useBackend } from '@unitsphere/backends';
import { convertCheckpoint, type Embedder, loadEmbedder } from '@unitsphere/embedder';
import type { ImageInput } from '@unitsphere/images';
import { createGallery, type Gallery } from '@unitsphere/recognition';
import { describeFailure } from '../describe-failure.js';
import { WASM_FOLDER } from '../served.js';
import { FEWEST_CALIBRATED, MATCHES } from './limits.js';
import type {
  FromRecognizer,
  GalleryState,
  RecognizedPicture,
  RecognizerCalls,
  RecognizerModel,
  ToRecognizer,
} from './messages.js';

const send = (message: FromRecognizer) => postMessage(message);
let embedder: Embedder | undefined;
let gallery: Gallery<ImageInput> | undefined;
/** Ids of the pictures by the ids of their templates. */
let pictures = new Map<number, string>();
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
      return open(argument as RecognizerModel);
    case 'enroll':
      return enroll(argument as RecognizerCalls['enroll']['argument'], onProgress);
    case 'calibrate':
      return calibrate(argument as number);
    case 'recognize':
      return recognize(argument as Blob | ImageBitmap);
    case 'toBytes':
      return opened().toBytes();
  }
}

function opened(): Gallery<ImageInput> {
  if (!gallery) throw new Error('The gallery is not open; call open first.');
  return gallery;
}

async function open(model: RecognizerModel): Promise<void> {
  await useBackend('wasm', { wasmPaths: WASM_FOLDER });
  await gallery?.close();
  embedder?.dispose();
  embedder = await loadEmbedder(await filesOf(model));
  gallery = await createGallery<ImageInput>({ embedder });
  pictures = new Map();
}

async function filesOf(model: RecognizerModel) {
  if (model.kind === 'checkpoint') return convertCheckpoint(model.files);
  // Loaded when it is first needed: the weights are larger than the rest of the page.
  return (await import('@unitsphere/models')).documentSmall;
}

async function enroll(
  { identities, falseAcceptRate }: RecognizerCalls['enroll']['argument'],
  onProgress: (done: number, total: number) => void,
): Promise<GalleryState> {
  const known = opened();
  const total = identities.reduce((sum, identity) => sum + identity.pictures.length, 0);
  let done = 0;
  onProgress(0, total);
  for (const identity of identities) {
    const ids = await known.enroll(
      identity.name,
      identity.pictures.map(({ image }) => image),
    );
    identity.pictures.forEach(({ id }, i) => void pictures.set(ids[i], id));
    done += identity.pictures.length;
    onProgress(done, total);
  }
  return calibrate(falseAcceptRate);
}

async function calibrate(falseAcceptRate: number): Promise<GalleryState> {
  const known = opened();
  const state = { identities: known.size, pictures: pictures.size };
  if (known.size < FEWEST_CALIBRATED) return state;
  const { threshold, rate, interval, warnings } = await known.calibrate({ falseAcceptRate });
  return { ...state, calibration: { threshold, rate, interval, warnings } };
}

async function recognize(image: Blob | ImageBitmap): Promise<RecognizedPicture> {
  const begun = performance.now();
  try {
    const { decision, name, threshold, matches } = await opened().recognize(image, { k: MATCHES });
    return {
      decision,
      name,
      threshold,
      matches: matches.map(({ name, score, template }) => ({
        name,
        score,
        picture: pictures.get(template) ?? '',
      })),
      milliseconds: performance.now() - begun,
    };
  } finally {
    if ('close' in image) image.close();
  }
}
