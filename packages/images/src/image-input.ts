import type { PixelImage } from './image.js';

/** What a page can draw, by its sides: canvas, ImageBitmap, `<img>`, `<video>` or VideoFrame. */
export type DrawableImage =
  | { readonly width: number; readonly height: number; getContext(kind: '2d'): unknown }
  | { readonly width: number; readonly height: number; close(): void }
  | { readonly naturalWidth: number; readonly naturalHeight: number }
  | { readonly videoWidth: number; readonly videoHeight: number }
  | { readonly displayWidth: number; readonly displayHeight: number };

/** An encoded image, or a part of the browser's Blob and File. */
export interface EncodedBlob {
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * An image from anywhere. In Node: the path or `file:` URL of a file, or a canvas of @napi-rs/canvas. In a page: what it can draw.
 * In both: the bytes of an encoded file (Buffer, Uint8Array, ArrayBuffer, Blob, File), or pixels `{ data, width, height }` of 1 … 4
 * channels of 8 bits, such as ImageData.
 */
export type ImageInput =
  | string
  | URL
  | ArrayBuffer
  | ArrayBufferView
  | EncodedBlob
  | PixelImage
  | DrawableImage;
