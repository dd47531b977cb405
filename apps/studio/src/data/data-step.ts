import type { CameraDialog } from '../camera/camera-dialog.js';
import { acceptDrops } from '../dom/accept-drops.js';
import { showFailure } from '../dom/failure-view.js';
import { getElement } from '../dom/get-element.js';
import type { Thumbnails } from '../dom/thumbnails.js';
import type { DataSource, StudioState } from '../state/studio-state.js';
import { TEXTS } from '../texts.js';
import { AddFailure } from './add-failure.js';
import { IdentityList } from './identity-list.js';
import type { Inspector } from './inspector.js';
import { drawIssues } from './issues-view.js';
import { droppedFiles, hasFolderPicker, pickFolder } from './pick-files.js';
import { drawSplit } from './split-view.js';

/** What step Data works with. */
export interface DataStepTools {
  state: StudioState;
  inspector: Inspector;
  thumbnails: Thumbnails;
  camera: CameraDialog;
}

/** Connects step Data: where pictures come from, and what is known about them. */
export function startDataStep({ state, inspector, thumbnails, camera }: DataStepTools): void {
  const { pictures, source } = state;
  const failure = getElement('data-failure');
  const status = getElement('checking');
  const announce = (text: string) => {
    getElement('announcement').textContent = text;
  };

  const add = async (chosen: Promise<readonly File[] | undefined>) => {
    showFailure(failure, undefined);
    try {
      const files = await chosen;
      if (!files) return;
      // Loaded when it is first needed: it comes with the formats of images.
      const { addFiles } = await import('./add-files.js');
      const added = await addFiles(pictures, files, (name) => {
        status.textContent = TEXTS.data.reading(name);
      });
      inspector.inspect(added);
    } catch (error) {
      status.textContent = '';
      if (!(error instanceof AddFailure)) throw error;
      showFailure(failure, { title: error.message, message: error.hint, isBug: false });
    }
  };
  const takePictures = (name: string) => void camera.open(name);

  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name=source]')) {
    radio.onchange = () => source.set(radio.value as DataSource);
  }
  const folderInput = getElement<HTMLInputElement>('folder-input');
  const fileInput = getElement<HTMLInputElement>('file-input');
  getElement('choose-folder').onclick = () => {
    if (hasFolderPicker()) void add(pickFolder());
    else folderInput.click();
  };
  getElement('choose-files').onclick = () => fileInput.click();
  for (const input of [folderInput, fileInput]) {
    input.onchange = () => {
      void add(Promise.resolve([...(input.files ?? [])]));
      // The same files can then be chosen again.
      input.value = '';
    };
  }
  getElement('use-camera').onclick = () => takePictures('');
  getElement('clear').onclick = () => {
    if (confirm(TEXTS.data.confirmClear)) pictures.clear();
  };
  acceptDrops(getElement('drop'), (transfer) => void add(droppedFiles(transfer)));

  const list = new IdentityList(
    getElement('identities'),
    getElement<HTMLButtonElement>('merge'),
    pictures,
    thumbnails,
    { announce, takePictures },
  );
  const draw = () => {
    const identities = pictures.identities();
    const total = pictures.pictures.length;
    const done = pictures.pictures.filter(({ inspected }) => inspected).length;
    getElement('pictures-found').hidden = total === 0;
    getElement('drop').classList.toggle('compact', total > 0);
    getElement('summary').textContent = TEXTS.data.summary(total, identities.length);
    status.textContent = done < total ? TEXTS.data.checking(done, total) : '';
    list.draw();
    drawIssues(getElement('issues'), pictures, inspector.copies.get(), thumbnails);
    void drawSplit(
      getElement('split'),
      identities.map(({ name }) => name),
    );
    drawStatus();
  };
  const drawStatus = () => {
    const chosen = source.get();
    const total = pictures.pictures.length;
    getElement('data-status').textContent =
      chosen === 'generator'
        ? TEXTS.data.generatorStatus
        : chosen === 'none'
          ? TEXTS.data.noneStatus
          : total === 0
            ? TEXTS.data.empty
            : TEXTS.data.summary(total, pictures.identities().length);
  };
  pictures.onChange(onceSoon(draw));
  inspector.copies.watch(onceSoon(draw));

  source.watch((chosen) => {
    for (const name of ['pictures', 'generator', 'none'])
      getElement(`source-${name}`).hidden = name !== chosen;
    const radio = document.querySelector<HTMLInputElement>(`input[name=source][value=${chosen}]`);
    if (radio) radio.checked = true;
    const next = getElement<HTMLAnchorElement>('data-next');
    next.href = chosen === 'none' ? '#try' : '#train';
    next.textContent = chosen === 'none' ? TEXTS.data.nextTry : TEXTS.data.nextTrain;
    drawStatus();
    if (chosen === 'generator') {
      // Loaded when it is first needed: it comes with the generator and its fonts.
      import('./samples.js')
        .then(({ showSamples }) => showSamples())
        .catch(() => {
          // A training reports what is missing.
          getElement('samples').hidden = true;
        });
    }
  });
}

/** Returns a function that calls another one once soon, however often it is called. */
function onceSoon(draw: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      draw();
    }, 30);
  };
}
