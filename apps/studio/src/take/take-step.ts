import { showFailure } from '../dom/failure-view.js';
import { getElement } from '../dom/get-element.js';
import { type Recognizer, RecognizerFailure } from '../recognize/recognizer.js';
import type { StudioState, TrainedModel } from '../state/studio-state.js';
import { TEXTS } from '../texts.js';

/** Connects step Take away: the trained model, its exports, and the gallery. */
export function startTakeStep(state: StudioState, recognizer: Recognizer): void {
  const failure = getElement('take-failure');
  const link = getElement<HTMLAnchorElement>('model');

  const offer = async (model: TrainedModel) => {
    const [{ createModelArchive }, { offerExport }] = await Promise.all([
      import('./model-files.js'),
      import('./export/export-view.js'),
    ]);
    const archive = await createModelArchive(model.checkpoint, model.yaml);
    if (state.model.get() !== model) return;
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(archive);
    link.download = `unitsphere-step-${model.checkpoint.step}.zip`;
    link.textContent = TEXTS.take.download((archive.size / 1e6).toFixed(1));
    link.hidden = false;
    offerExport(model.checkpoint, imagesFor(model, state));
  };

  const draw = () => {
    const hasModel = state.model.get() !== undefined;
    const hasGallery = state.gallery.get() !== undefined;
    getElement('take-model').hidden = !hasModel;
    getElement('take-gallery').hidden = !hasGallery;
    getElement('take-nothing').hidden = hasModel || hasGallery;
    getElement('take-status').textContent =
      hasModel || hasGallery ? TEXTS.take.status.ready : TEXTS.take.status.empty;
  };

  state.model.watch((model) => {
    showFailure(failure, undefined);
    link.hidden = true;
    draw();
    if (!model) {
      void import('./export/export-view.js').then(({ clearExport }) => clearExport());
    } else {
      offer(model).catch(async (error) => {
        const { describeFailure } = await import('../describe-failure.js');
        showFailure(failure, describeFailure(error));
      });
    }
  });
  state.gallery.watch(draw);
  getElement('gallery-file').onclick = async () => {
    showFailure(failure, undefined);
    try {
      const bytes = await recognizer.call('toBytes', undefined);
      download(new Blob([bytes]), 'pictures.gallery');
    } catch (error) {
      if (!(error instanceof RecognizerFailure)) throw error;
      showFailure(failure, error.failure);
    }
  };
}

/** Returns what loads images like those of a model's training. */
function imagesFor(model: TrainedModel, { pictures }: StudioState) {
  return async (count: number, size: number) => {
    if (model.source === 'pictures' && pictures.pictures.length > 1) {
      const { loadPictures } = await import('./load-pictures.js');
      return loadPictures(pictures, count, size);
    }
    const { drawDocuments } = await import('./export/draw-documents.js');
    return drawDocuments(count, size);
  };
}

/** Downloads a file. */
function download(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
