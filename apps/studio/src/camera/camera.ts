import type { Failure } from '../failure.js';
import { TEXTS } from '../texts.js';

/** Frames are taken with at most this many pixels on the longer side. */
const LARGEST = 1024;

/** A camera that cannot be used, for the visitor. */
export class CameraFailure extends Error {
  override name = 'CameraFailure';
  constructor(
    readonly failure: Failure,
    options?: ErrorOptions,
  ) {
    super(failure.message, options);
  }
}

/** The camera of the device, shown in a video element. */
export class Camera {
  readonly #video: HTMLVideoElement;
  readonly #stream: MediaStream;

  private constructor(video: HTMLVideoElement, stream: MediaStream) {
    this.#video = video;
    this.#stream = stream;
  }

  /** Starts the camera; the one at the back, if there are several. @throws CameraFailure if there is none, or it is not allowed. */
  static async start(video: HTMLVideoElement): Promise<Camera> {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: 'environment', width: { ideal: 1280 } },
      });
      video.srcObject = stream;
      video.muted = true;
      video.playsInline = true;
      await video.play();
      return new Camera(video, stream);
    } catch (cause) {
      throw new CameraFailure(describeCamera(cause), { cause });
    }
  }

  /** Returns the current frame. */
  async frame(): Promise<ImageBitmap> {
    const { videoWidth, videoHeight } = this.#video;
    const scale = Math.min(1, LARGEST / Math.max(videoWidth, videoHeight));
    return createImageBitmap(this.#video, {
      resizeWidth: Math.round(videoWidth * scale),
      resizeHeight: Math.round(videoHeight * scale),
    });
  }

  /** Returns the current frame as a JPEG. */
  async picture(): Promise<Blob> {
    const frame = await this.frame();
    const canvas = new OffscreenCanvas(frame.width, frame.height);
    canvas.getContext('2d')?.drawImage(frame, 0, 0);
    frame.close();
    return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
  }

  stop(): void {
    for (const track of this.#stream.getTracks()) track.stop();
    this.#video.srcObject = null;
  }
}

/** Describes why a camera cannot be used. */
export function describeCamera(error: unknown): Failure {
  const { camera } = TEXTS;
  const name = error instanceof Error ? error.name : '';
  const message = error instanceof Error ? error.message : String(error);
  if (name === 'NotAllowedError' || name === 'SecurityError') {
    return { title: camera.denied, message, hint: camera.deniedHint, isBug: false };
  }
  // Without https, there is no `mediaDevices`.
  if (name === 'TypeError') return { title: camera.missing, message: TEXTS.page.insecure, isBug: false };
  if (name === 'NotFoundError' || name === 'OverconstrainedError') {
    return { title: camera.missing, message, hint: camera.missingHint, isBug: false };
  }
  return { title: camera.busy, message, hint: camera.busyHint, isBug: false };
}
