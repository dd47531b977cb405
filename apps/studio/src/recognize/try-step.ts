import { formatPercent } from 'unitsphere/report';
import { Camera, CameraFailure } from '../camera/camera.js';
import type { CameraDialog } from '../camera/camera-dialog.js';
import { acceptDrops } from '../dom/accept-drops.js';
import { showFailure } from '../dom/failure-view.js';
import { getElement } from '../dom/get-element.js';
import type { Thumbnails } from '../dom/thumbnails.js';
import type { EnrolledGallery, ModelKind, StudioState } from '../state/studio-state.js';
import type { Value } from '../state/value.js';
import type { Project } from '../storage/project.js';
import { TEXTS } from '../texts.js';
import { RATES } from './limits.js';
import { modelOf } from './model-of.js';
import { clearOverview, drawOverview } from './overview-view.js';
import { type Recognizer, RecognizerFailure } from './recognizer.js';
import { drawResult } from './result-view.js';
import { drawThreshold } from './threshold-view.js';

/** Milliseconds between two frames of the camera that are recognized. */
const FRAME_MS = 300;

/** What step Try works with. */
export interface TryStepTools {
  state: StudioState;
  thumbnails: Thumbnails;
  camera: CameraDialog;
  recognizer: Recognizer;
  /** Where the gallery is stored; undefined if the browser stores nothing. */
  project: Project | undefined;
}

/** Connects step Try: enrolls the pictures, and recognizes others. */
export class TryStep {
  readonly #tools: TryStepTools;
  readonly #model = getElement<HTMLSelectElement>('try-model');
  readonly #rate = getElement<HTMLSelectElement>('try-rate');
  readonly #enroll = getElement<HTMLButtonElement>('enroll');
  readonly #status = getElement('enroll-status');
  readonly #failure = getElement('try-failure');
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
      this.#setGallery(undefined);
      if (state.pictures.pictures.length > 0) void this.#guard(() => this.#enrollAll());
    };
    getElement('overview-show').onclick = () => void this.#guard(() => this.#showOverview());
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
    this.#follow('trained', state.model);
    this.#follow('loaded', state.loaded);
    this.#choose(state.model.get() ? 'trained' : state.loaded.get() ? 'loaded' : 'shipped');
  }

  /** Shows a gallery of an earlier visit or of a file, for one of the models. */
  restore(gallery: EnrolledGallery): void {
    this.#model.value = gallery.model;
    if (this.#model.value !== gallery.model) return;
    this.#rate.value = String(gallery.rate);
    this.#tools.state.gallery.set(gallery);
  }

  /** Takes a gallery that was loaded, which the worker has open. */
  take(gallery: EnrolledGallery): void {
    this.restore(gallery);
    this.#setGallery(gallery);
  }

  /** Offers a model of the page, and takes each new one. */
  #follow<T>(kind: ModelKind, value: Value<T>): void {
    let isFirst = true;
    value.watch((model) => {
      const wasUsed = this.#model.value === kind;
      this.#drawModels();
      // Embeddings of another model cannot be compared with those of the gallery.
      if (!isFirst && (model || wasUsed)) this.#choose(model ? kind : 'shipped');
      isFirst = false;
    });
  }

  #choose(kind: ModelKind): void {
    this.#model.value = kind;
    if (this.#tools.state.gallery.get()) this.#setGallery(undefined);
    else this.#draw();
  }

  #drawModels(): void {
    const { state } = this.#tools;
    const chosen = this.#model.value;
    const [trained, loaded] = [state.model.get(), state.loaded.get()];
    this.#model.replaceChildren(new Option(TEXTS.try.shipped, 'shipped'));
    if (trained) this.#model.add(new Option(TEXTS.try.trained(trained.checkpoint.step), 'trained'));
    if (loaded) this.#model.add(new Option(TEXTS.try.loaded(loaded.name), 'loaded'));
    this.#model.value = chosen;
    if (this.#model.value === '') this.#model.value = 'shipped';
  }

  #setGallery(gallery: EnrolledGallery | undefined): void {
    this.#tools.recognizer.opened = gallery;
    this.#tools.state.gallery.set(gallery);
    void this.#tools.project?.saveGallery(gallery);
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
    const { content } = pictures;
    const model = this.#model.value as ModelKind;
    const rate = this.#chosenRate;
    this.#enroll.disabled = this.#model.disabled = true;
    try {
      this.#status.textContent = TEXTS.try.loading;
      await recognizer.call('open', { model: modelOf(state, model) });
      const file = await recognizer.call('enroll', { identities, falseAcceptRate: rate }, (done, total) => {
        this.#status.textContent = TEXTS.try.enrolling(done, total);
      });
      this.#setGallery({ ...file, model, rate, content });
    } finally {
      this.#model.disabled = false;
      this.#draw();
    }
  }

  /** Opens the gallery of an earlier visit in the worker. */
  async #open(): Promise<void> {
    const { state, recognizer } = this.#tools;
    const gallery = state.gallery.get();
    if (!gallery || gallery === recognizer.opened) return;
    this.#status.textContent = TEXTS.try.loading;
    try {
      await recognizer.call('open', { model: modelOf(state, gallery.model), gallery: gallery.bytes });
      await recognizer.call('calibrate', gallery.rate);
      recognizer.opened = gallery;
    } finally {
      this.#draw();
    }
  }

  get #chosenRate(): number {
    return Number(this.#rate.value);
  }

  async #calibrate(): Promise<void> {
    const gallery = this.#tools.state.gallery.get();
    if (!gallery) return;
    await this.#open();
    const rate = this.#chosenRate;
    const file = await this.#tools.recognizer.call('calibrate', rate);
    this.#setGallery({ ...gallery, ...file, rate });
  }

  async #showOverview(): Promise<void> {
    const place = getElement('overview');
    place.setAttribute('aria-busy', 'true');
    try {
      await this.#open();
      drawOverview(await this.#tools.recognizer.call('overview', undefined), this.#tools.thumbnails);
    } finally {
      place.removeAttribute('aria-busy');
    }
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
    await this.#open();
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
    // A gallery that was loaded has other pictures than the page.
    const hasChanged = gallery?.content !== undefined && gallery.content !== pictures.content;
    this.#status.textContent = gallery
      ? `${texts.enrolled(gallery.state.identities, gallery.state.pictures)}${hasChanged ? `. ${texts.changed}` : ''}`
      : texts.nothingEnrolled;
    getElement('try-status').textContent = gallery
      ? texts.status.enrolled(gallery.state.identities)
      : texts.status.empty;
    drawThreshold(getElement('calibration'), gallery?.state, gallery?.model === 'trained');
    getElement('overview').hidden = gallery === undefined;
    clearOverview();
  }
}
