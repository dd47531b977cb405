import { formatPercent } from 'unitsphere/report';
import { Camera, CameraFailure } from '../camera/camera.js';
import type { CameraDialog } from '../camera/camera-dialog.js';
import { acceptDrops } from '../dom/accept-drops.js';
import { showFailure } from '../dom/failure-view.js';
import { getElement } from '../dom/get-element.js';
import { h } from '../dom/h.js';
import type { Thumbnails } from '../dom/thumbnails.js';
import type { StudioState } from '../state/studio-state.js';
import { TEXTS } from '../texts.js';
import { RATES } from './limits.js';
import type { RecognizerModel } from './messages.js';
import { type Recognizer, RecognizerFailure } from './recognizer.js';
import { drawResult } from './result-view.js';

/** Milliseconds between two frames of the camera that are recognized. */
const FRAME_MS = 300;

/** What step Try works with. */
export interface TryStepTools {
  state: StudioState;
  thumbnails: Thumbnails;
  camera: CameraDialog;
  recognizer: Recognizer;
}

/** Connects step Try: enrolls the pictures, and recognizes others. */
export class TryStep {
  readonly #tools: TryStepTools;
  readonly #model = getElement<HTMLSelectElement>('try-model');
  readonly #rate = getElement<HTMLSelectElement>('try-rate');
  readonly #enroll = getElement<HTMLButtonElement>('enroll');
  readonly #status = getElement('enroll-status');
  readonly #failure = getElement('try-failure');
  /** Revision of the pictures that are enrolled. */
  #enrolled = -1;
  #queryUrl: string | undefined;
  #camera: Camera | undefined;

  constructor(tools: TryStepTools) {
    this.#tools = tools;
    const { state, camera } = tools;
    for (const rate of [...RATES].sort()) this.#rate.add(new Option(formatPercent(rate, 0), String(rate)));
    this.#rate.value = String(RATES[0]);
    this.#rate.onchange = () => void this.#guard(() => this.#calibrate());
    this.#enroll.onclick = () => void this.#guard(() => this.#enrollAll());
    this.#model.onchange = () => {
      state.gallery.set(undefined);
      this.#draw();
      if (state.pictures.pictures.length > 0) void this.#guard(() => this.#enrollAll());
    };
    getElement('try-add').onclick = () => void camera.open('');
    const input = getElement<HTMLInputElement>('query-input');
    getElement('query-choose').onclick = () => input.click();
    input.onchange = () => {
      const [file] = input.files ?? [];
      input.value = '';
      if (file) void this.#guard(() => this.#recognize(file));
    };
    acceptDrops(getElement('query'), (transfer) => {
      const [file] = transfer.files;
      if (file) void this.#guard(() => this.#recognize(file));
    });
    getElement('query-camera').onclick = () => void this.#guard(() => this.#toggleCamera());
    state.pictures.onChange(() => this.#draw());
    state.gallery.watch(() => this.#draw());
    state.model.watch((model) => {
      this.#model.replaceChildren(new Option(TEXTS.try.shipped, 'shipped'));
      if (model) this.#model.add(new Option(TEXTS.try.trained(model.checkpoint.step), 'trained'));
      // Embeddings of another model cannot be compared with those of the gallery.
      this.#model.value = model ? 'trained' : 'shipped';
      state.gallery.set(undefined);
      this.#draw();
    });
  }

  /** Stops the camera, which no other step shows. */
  leave(): void {
    this.#stopCamera();
  }

  /** Runs an action; shows what it fails with. */
  async #guard(action: () => Promise<void>): Promise<void> {
    showFailure(this.#failure, undefined);
    try {
      await action();
    } catch (error) {
      if (error instanceof RecognizerFailure || error instanceof CameraFailure) {
        showFailure(this.#failure, error.failure);
      } else throw error;
    }
  }

  async #enrollAll(): Promise<void> {
    const { state, recognizer } = this.#tools;
    const { pictures } = state;
    const identities = pictures
      .identities()
      .map(({ name, pictures }) => ({ name, pictures: pictures.map(({ id, image }) => ({ id, image })) }));
    const { revision } = pictures;
    this.#enroll.disabled = this.#model.disabled = true;
    try {
      this.#status.textContent = TEXTS.try.loading;
      await recognizer.call('open', this.#modelFiles());
      const gallery = await recognizer.call(
        'enroll',
        { identities, falseAcceptRate: this.#chosenRate },
        (done, total) => {
          this.#status.textContent = TEXTS.try.enrolling(done, total);
        },
      );
      this.#enrolled = revision;
      state.gallery.set(gallery);
    } finally {
      this.#model.disabled = false;
      this.#draw();
    }
  }

  get #chosenRate(): number {
    return Number(this.#rate.value);
  }

  async #calibrate(): Promise<void> {
    const { state, recognizer } = this.#tools;
    if (state.gallery.get()) state.gallery.set(await recognizer.call('calibrate', this.#chosenRate));
  }

  #modelFiles(): RecognizerModel {
    const model = this.#tools.state.model.get();
    if (this.#model.value !== 'trained' || !model) return { kind: 'shipped' };
    return { kind: 'checkpoint', files: model.checkpoint.files };
  }

  async #recognize(image: Blob): Promise<void> {
    if (!this.#hasGallery()) return;
    if (this.#queryUrl) URL.revokeObjectURL(this.#queryUrl);
    this.#queryUrl = URL.createObjectURL(image);
    const shown = getElement<HTMLImageElement>('query-image');
    shown.src = this.#queryUrl;
    shown.hidden = false;
    getElement('query-empty').hidden = true;
    this.#stopCamera();
    getElement('result').setAttribute('aria-busy', 'true');
    await this.#show(image);
  }

  async #show(image: Blob | ImageBitmap): Promise<void> {
    const { recognizer, thumbnails } = this.#tools;
    const found = await recognizer.call('recognize', image);
    const result = getElement('result');
    result.removeAttribute('aria-busy');
    drawResult(result, found, thumbnails);
  }

  #hasGallery(): boolean {
    if (this.#tools.state.gallery.get()) return true;
    showFailure(this.#failure, {
      title: TEXTS.try.nothingEnrolled,
      message: TEXTS.try.enrollFirst,
      isBug: false,
    });
    return false;
  }

  async #toggleCamera(): Promise<void> {
    if (this.#camera) return this.#stopCamera();
    if (!this.#hasGallery()) return;
    const video = getElement<HTMLVideoElement>('query-video');
    const camera = await Camera.start(video);
    this.#camera = camera;
    video.hidden = false;
    getElement('query-image').hidden = true;
    getElement('query-empty').hidden = true;
    getElement('query-camera').textContent = TEXTS.try.stopCamera;
    try {
      while (this.#camera === camera) {
        await this.#show(await camera.frame());
        await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
      }
    } catch (error) {
      this.#stopCamera();
      throw error;
    }
  }

  #stopCamera(): void {
    this.#camera?.stop();
    this.#camera = undefined;
    getElement('query-video').hidden = true;
    getElement('query-camera').textContent = TEXTS.try.camera;
    const hasImage = !getElement('query-image').hidden;
    getElement('query-empty').hidden = hasImage;
  }

  /** Shows what is enrolled, and how far the threshold can be trusted. */
  #draw(): void {
    const { state } = this.#tools;
    const texts = TEXTS.try;
    const gallery = state.gallery.get();
    const { pictures } = state;
    this.#enroll.disabled = pictures.pictures.length === 0 || !pictures.isInspected;
    this.#enroll.textContent = gallery ? texts.enrollAgain : texts.enroll;
    const hasChanged = gallery !== undefined && this.#enrolled !== pictures.revision;
    this.#status.textContent = gallery
      ? `${texts.enrolled(gallery.identities, gallery.pictures)}${hasChanged ? `. ${texts.changed}` : ''}`
      : texts.nothingEnrolled;
    getElement('try-status').textContent = gallery
      ? texts.status.enrolled(gallery.identities)
      : texts.status.empty;
    const place = getElement('calibration');
    place.replaceChildren();
    if (!gallery) return;
    if (!gallery.calibration) {
      place.append(h('p', { class: 'note' }, texts.uncalibrated));
      return;
    }
    const { threshold, rate, interval, warnings } = gallery.calibration;
    const percent = (share: number) => formatPercent(share, 1);
    place.append(
      h(
        'p',
        { class: 'note' },
        texts.calibrated(threshold.toFixed(3), percent(rate), percent(interval.low), percent(interval.high)),
      ),
    );
    if (warnings.length === 0) return;
    place.append(
      h(
        'details',
        { class: 'plain' },
        h('summary', {}, texts.warnings),
        h('ul', {}, ...warnings.map((warning) => h('li', {}, warning))),
      ),
    );
  }
}
