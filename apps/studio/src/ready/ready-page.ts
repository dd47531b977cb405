/** The script of a ready page: recognizes pictures and camera frames with the model and the gallery in the page itself. */
import { useBackend } from '@unitsphere/backends';
import { loadEmbedder } from '@unitsphere/embedder';
import type { ImageInput } from '@unitsphere/images';
import { type Gallery, openGallery } from '@unitsphere/recognition';
import { Camera, CameraFailure } from '../camera/camera.js';
import { acceptDrops } from '../dom/accept-drops.js';
import { showFailure } from '../dom/failure-view.js';
import { getElement } from '../dom/get-element.js';
import { MATCHES } from '../recognize/limits.js';
import { drawResult } from '../recognize/result-view.js';
import { TEXTS } from '../texts.js';
import { DATA_ID, type ReadyData } from './ready-data.js';

const FRAME_MS = 200;

const data = JSON.parse(getElement(DATA_ID).textContent ?? '') as ReadyData;
const gallery = openModel();
let camera: Camera | undefined;

async function openModel(): Promise<Gallery<ImageInput>> {
  const wasm = URL.createObjectURL(new Blob([fromBase64(data.wasm)], { type: 'application/wasm' }));
  await useBackend('wasm', {
    wasmPaths: {
      'tfjs-backend-wasm.wasm': wasm,
      'tfjs-backend-wasm-simd.wasm': wasm,
      'tfjs-backend-wasm-threaded-simd.wasm': wasm,
    },
  });
  const files = Object.entries(data.model).map(([name, base64]) => [name, fromBase64(base64)]);
  const embedder = await loadEmbedder(Object.fromEntries(files));
  return openGallery<ImageInput>(fromBase64(data.gallery), { embedder });
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

async function show(image: Blob | ImageBitmap): Promise<void> {
  const known = await gallery;
  const begun = performance.now();
  const { threshold } = data;
  const found = await known.recognize(image, {
    k: MATCHES,
    threshold: threshold?.threshold,
    margin: threshold?.margin,
  });
  if ('close' in image) image.close();
  const templates = new Map(known.list().flatMap(({ templates }) => templates.map((t) => [t.id, t])));
  const matches = found.matches.map(({ name, score, template }) => ({
    name,
    score,
    picture: String(templates.get(template)?.metadata['picture'] ?? ''),
  }));
  const thumbnails = { get: (id: string) => data.thumbnails[id] };
  const milliseconds = performance.now() - begun;
  drawResult(getElement('result'), { ...found, matches, milliseconds }, thumbnails);
}

async function recognize(file: Blob): Promise<void> {
  stopCamera();
  const image = getElement<HTMLImageElement>('query-image');
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(file);
  image.hidden = false;
  getElement('query-empty').hidden = true;
  await show(file);
}

async function toggleCamera(): Promise<void> {
  if (camera) return stopCamera();
  const video = getElement<HTMLVideoElement>('query-video');
  const started = await Camera.start(video);
  camera = started;
  video.hidden = false;
  getElement('query-image').hidden = true;
  getElement('query-empty').hidden = true;
  getElement('query-camera').textContent = TEXTS.try.stopCamera;
  while (camera === started) {
    await show(await started.frame());
    await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
  }
}

function stopCamera(): void {
  camera?.stop();
  camera = undefined;
  getElement('query-video').hidden = true;
  getElement('query-camera').textContent = TEXTS.try.camera;
}

/** Runs an action; shows what it fails with. */
async function guard(action: () => Promise<void> | void): Promise<void> {
  const place = getElement('ready-failure');
  showFailure(place, undefined);
  try {
    await action();
  } catch (error) {
    stopCamera();
    const failure =
      error instanceof CameraFailure
        ? error.failure
        : { title: TEXTS.failures.picture, message: (error as Error).message, isBug: false };
    showFailure(place, failure);
  }
}

const input = getElement<HTMLInputElement>('query-input');
getElement('query-choose').onclick = () => input.click();
input.onchange = () => {
  const [file] = input.files ?? [];
  input.value = '';
  if (file) void guard(() => recognize(file));
};
acceptDrops(getElement('query'), ({ files: [file] }) => {
  if (file) void guard(() => recognize(file));
});
getElement('query-camera').onclick = () => void guard(toggleCamera);
void guard(async () => {
  await gallery;
  document.body.dataset['state'] = 'ready';
});
