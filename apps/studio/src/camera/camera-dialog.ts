import { showFailure } from '../dom/failure-view.js';
import { getElement } from '../dom/get-element.js';
import { TEXTS } from '../texts.js';
import { Camera, CameraFailure } from './camera.js';

/** A picture that was taken, and the identity that the visitor has named. */
export type TakePicture = (identity: string, picture: Blob) => void;

/** The dialog that takes pictures of an identity with the camera. */
export class CameraDialog {
  readonly #dialog = getElement<HTMLDialogElement>('camera');
  readonly #name = getElement<HTMLInputElement>('camera-name');
  readonly #note = getElement('camera-note');
  readonly #failure = getElement('camera-failure');
  #camera: Camera | undefined;
  readonly #onTake: TakePicture;
  #taken = 0;

  /** @param onTake Receives each picture. */
  constructor(onTake: TakePicture) {
    this.#onTake = onTake;
    getElement('camera-form').onsubmit = (event) => {
      event.preventDefault();
      void this.#take();
    };
    getElement('camera-close').onclick = () => this.#dialog.close();
    this.#dialog.onclose = () => {
      this.#camera?.stop();
      this.#camera = undefined;
    };
    this.#name.oninput = () => {
      this.#taken = 0;
    };
  }

  /** Opens the dialog. @param name Proposed name of the identity. */
  async open(name: string): Promise<void> {
    this.#taken = 0;
    this.#name.value = name;
    this.#note.textContent = TEXTS.camera.about;
    showFailure(this.#failure, undefined);
    this.#dialog.showModal();
    try {
      const camera = await Camera.start(getElement<HTMLVideoElement>('camera-video'));
      // The visitor may have closed the dialog while the browser asked for permission.
      if (this.#dialog.open) this.#camera = camera;
      else camera.stop();
    } catch (error) {
      if (!(error instanceof CameraFailure)) throw error;
      showFailure(this.#failure, error.failure);
    }
  }

  async #take(): Promise<void> {
    const name = this.#name.value.trim();
    if (name === '') {
      this.#note.textContent = TEXTS.camera.nameFirst;
      this.#name.focus();
      return;
    }
    if (!this.#camera) return;
    this.#onTake(name, await this.#camera.picture());
    this.#taken++;
    this.#note.textContent = TEXTS.camera.taken(this.#taken, name);
  }
}
