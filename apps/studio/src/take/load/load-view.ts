import { showFailure } from '../../dom/failure-view.js';
import { getElement } from '../../dom/get-element.js';
import { RATES } from '../../recognize/limits.js';
import { modelOf } from '../../recognize/model-of.js';
import { type Recognizer, RecognizerFailure } from '../../recognize/recognizer.js';
import type { EnrolledGallery, ModelKind, StudioState } from '../../state/studio-state.js';
import type { Project } from '../../storage/project.js';
import { TEXTS } from '../../texts.js';
import { LoadFailure } from './load-failure.js';

const { load: texts } = TEXTS;

/** What loading works with. */
export interface LoadTools {
  state: StudioState;
  recognizer: Recognizer;
  project: Project | undefined;
  /** Takes a gallery that was loaded. */
  onGallery(gallery: EnrolledGallery): void;
}

/** Connects the part of step Take away that loads a model folder and a gallery back. */
export function startLoading({ state, recognizer, project, onGallery }: LoadTools): void {
  const status = getElement('load-status');
  const guard = async (action: () => Promise<string>) => {
    showFailure(getElement('load-failure'), undefined);
    status.textContent = texts.loading;
    try {
      status.textContent = await action();
    } catch (error) {
      status.textContent = '';
      if (error instanceof LoadFailure) {
        showFailure(getElement('load-failure'), { title: error.message, message: error.hint, isBug: false });
      } else if (error instanceof RecognizerFailure) {
        showFailure(getElement('load-failure'), error.failure);
      } else throw error;
    }
  };
  const connect = (button: string, input: string, action: (files: File[]) => Promise<string>) => {
    const field = getElement<HTMLInputElement>(input);
    getElement(button).onclick = () => field.click();
    field.onchange = () => {
      const files = [...(field.files ?? [])];
      field.value = '';
      if (files.length > 0) void guard(() => action(files));
    };
  };
  connect('load-model', 'load-model-input', async (files) => {
    const { readModelFiles } = await import('./read-model-files.js');
    const model = await readModelFiles(files);
    // Damaged files are noticed before the model replaces anything.
    await recognizer.call('open', { model: { kind: 'folder', files: model.files } });
    state.loaded.set(model);
    await project?.saveLoaded(model);
    return texts.modelLoaded(model.name);
  });
  connect('load-gallery', 'load-gallery-input', async ([file]) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const kinds: ModelKind[] = ['loaded', 'trained', 'shipped'];
    const present = kinds.filter(
      (kind) => kind === 'shipped' || state[kind === 'loaded' ? 'loaded' : 'model'].get(),
    );
    let last: unknown;
    for (const model of present) {
      try {
        await recognizer.call('open', { model: modelOf(state, model), gallery: bytes });
        const [rate] = RATES;
        const found = await recognizer.call('calibrate', rate);
        onGallery({ ...found, model, rate });
        return texts.galleryLoaded(file.name, found.state.identities);
      } catch (error) {
        last = error;
      }
    }
    throw last;
  });
}
