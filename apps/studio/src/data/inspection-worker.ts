/** Worker that decodes each picture once: finds unreadable ones and copies, and makes thumbnails. */
import { findDuplicates, type Image, type ImageSource, perceptualHash } from '@unitsphere/data';
import { decodeImage, type RgbImage, squash } from '@unitsphere/images';
import { toImageData } from '../to-image-data.js';
import type { CopyGroup, FromInspection, InspectedPicture, ToInspection } from './messages.js';

/** Largest side of a thumbnail in pixels. */
const THUMBNAIL = 192;
/** Side of the pixels by which copies are compared; the comparison averages them to half of it. */
const COMPARED = 64;

/** What is kept of a picture to find its copies. */
interface Compared {
  readonly pixels: Image;
  readonly bytes: number;
  readonly sha256: string;
  readonly perceptualHash: Uint32Array;
}

const compared = new Map<string, Compared>();
const send = (message: FromInspection) => postMessage(message);
let turn: Promise<unknown> = Promise.resolve();

addEventListener('message', ({ data }: MessageEvent<ToInspection>) => {
  // One after another: a photograph takes 50 MB while it is decoded.
  turn = turn.then(() => (data.type === 'inspect' ? inspect(data) : findCopies(data)));
});

async function inspect({ id, image }: { id: string; image: Blob }): Promise<void> {
  try {
    const bytes = new Uint8Array(await image.arrayBuffer());
    const decoded = await decodeImage(bytes);
    const pixels = squash(decoded, COMPARED);
    compared.set(id, {
      pixels,
      bytes: bytes.length,
      sha256: await hexHash(bytes),
      perceptualHash: perceptualHash(pixels),
    });
    const { width, height } = decoded;
    const picture: InspectedPicture = { width, height, thumbnail: await makeThumbnail(decoded) };
    send({ type: 'inspected', id, picture });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^the image: /, '') : String(error);
    send({ type: 'unreadable', id, reason });
  }
}

async function hexHash(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function makeThumbnail(image: RgbImage): Promise<Blob> {
  const pixels = toImageData(image);
  const { width, height } = pixels;
  const scale = Math.min(1, THUMBNAIL / Math.max(width, height));
  const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const bitmap = await createImageBitmap(pixels, { resizeWidth: w, resizeHeight: h, resizeQuality: 'high' });
  const canvas = new OffscreenCanvas(w, h);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 });
}

async function findCopies({
  request,
  identities,
}: Extract<ToInspection, { type: 'find-copies' }>): Promise<void> {
  const present = new Set(identities.flatMap(({ ids }) => ids));
  for (const id of compared.keys()) if (!present.has(id)) compared.delete(id);
  const known = identities.map(({ name, ids }) => ({
    name,
    pictures: ids.flatMap((id) => {
      const found = compared.get(id);
      return found ? { id, ...found } : [];
    }),
  }));
  const source: ImageSource = {
    identities: known.map(({ name, pictures }) => ({ name, samples: pictures.length })),
    load: (identity, sample) => known[identity].pictures[sample].pixels,
    contents: (identity) => known[identity].pictures.map(({ id, ...rest }) => ({ file: id, ...rest })),
  };
  const groups = (await findDuplicates(source)).map(
    ({ kind, images }): CopyGroup => ({ kind, ids: images.map(({ file }) => file) }),
  );
  send({ type: 'copies', request, groups });
}
