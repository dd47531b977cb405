import { showFailure } from '../dom/failure-view.js';
import { getElement } from '../dom/get-element.js';
import { modelOf } from '../recognize/model-of.js';
import { type Recognizer, RecognizerFailure } from '../recognize/recognizer.js';
import type { StudioState, TrainedModel } from '../state/studio-state.js';
import { TEXTS } from '../texts.js';
import { download } from './download.js';

/** Connects step Take away: the trained model, its exports, the gallery, the report, and a page that recognizes. */
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
    getElement('take-gallery').hidden = getElement('take-ready').hidden = !hasGallery;
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
  state.gallery.watch((gallery) => {
    const { threshold } = gallery?.state ?? {};
    getElement('gallery-threshold').textContent = threshold
      ? TEXTS.take.galleryThreshold(threshold.threshold.toFixed(3), threshold.source === 'gallery')
      : '';
    draw();
  });
  state.report.watch((report) => {
    getElement('take-report').hidden = !report;
  });
  getElement('report-file').onclick = async () => {
    const report = state.report.get();
    if (!report) return;
    const { renderReport } = await import('unitsphere/report');
    download(new Blob([renderReport(report)], { type: 'text/html' }), 'report.html');
  };
  getElement('gallery-file').onclick = () => {
    const gallery = state.gallery.get();
    if (gallery) download(new Blob([gallery.bytes as Uint8Array<ArrayBuffer>]), 'pictures.gallery');
  };
  const page = getElement<HTMLButtonElement>('ready-file');
  page.onclick = async () => {
    showFailure(failure, undefined);
    page.disabled = true;
    try {
      await downloadReadyPage(state, recognizer);
    } catch (error) {
      if (!(error instanceof RecognizerFailure)) throw error;
      showFailure(failure, error.failure);
    } finally {
      page.disabled = false;
    }
  };
}

/** Downloads a page that recognizes with the present gallery. */
async function downloadReadyPage(state: StudioState, recognizer: Recognizer): Promise<void> {
  const gallery = state.gallery.get();
  if (!gallery) return;
  const { makeReadyPage, toBase64, toDataUrl } = await import('./ready/make-ready-page.js');
  await recognizer.call('open', { model: modelOf(state, gallery.model), gallery: gallery.bytes });
  await recognizer.call('calibrate', gallery.rate);
  const files = await recognizer.call('modelFiles', undefined);
  const thumbnails = await Promise.all(
    state.pictures.pictures.map(async ({ id, inspected }) =>
      inspected ? [[id, await toDataUrl(inspected.thumbnail)]] : [],
    ),
  );
  const html = await makeReadyPage({
    title: TEXTS.ready.title,
    model: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, toBase64(bytes)])),
    gallery: toBase64(gallery.bytes),
    threshold: gallery.state.threshold,
    thumbnails: Object.fromEntries(thumbnails.flat()),
  });
  download(new Blob([html], { type: 'text/html' }), 'index.html');
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
