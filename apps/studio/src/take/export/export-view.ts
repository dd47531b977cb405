import { type PixelImage, parsePreprocessorConfig } from '@unitsphere/images';
import { strFromU8 } from 'fflate';
import type { BrowserCheckpoint } from 'unitsphere/browser';
import { describeFailure } from '../../describe-failure.js';
import { showFailure } from '../../dom/failure-view.js';
import { getElement } from '../../dom/get-element.js';
import { TEXTS } from '../../texts.js';
import { EXPORT_FORMATS } from './formats.js';
import type { ExportCheck } from './messages.js';
import { ExportFailure, runExport } from './run-export.js';

/** Images for the ranges of int8 and for the check. */
const IMAGES = 96;

const urls: string[] = [];
let shown = 0;

/** Hides the exports of the previous model, and what they failed with. */
export function clearExport(): void {
  shown++;
  showFailure(getElement('export-failure'), undefined);
  getElement('export').hidden = true;
  getElement('export').replaceChildren();
  for (const url of urls.splice(0)) URL.revokeObjectURL(url);
}

/**
 * Offers the export of a checkpoint's model.
 * @param drawImages Returns images like those of the application, each of another identity, of the network's size.
 */
export function offerExport(
  { files, step }: BrowserCheckpoint,
  drawImages: (count: number, size: number) => Promise<PixelImage[]>,
): void {
  clearExport();
  const { imageSize } = parsePreprocessorConfig(strFromU8(files['preprocessor_config.json']));
  const form = getElement<HTMLFormElement>('export');
  const formats = document.createElement('select');
  for (const [name, { title }] of Object.entries(EXPORT_FORMATS)) formats.add(new Option(title, name));
  const label = document.createElement('label');
  label.append(`${TEXTS.take.exportLabel} `, formats);
  const button = document.createElement('button');
  button.textContent = TEXTS.take.exportButton;
  const [about, links] = [document.createElement('p'), document.createElement('ul')];
  about.className = 'note';
  about.setAttribute('role', 'status');
  links.className = 'exports';
  form.append(label, button, about, links);
  const describe = () => {
    about.textContent = EXPORT_FORMATS[formats.value].about;
  };
  formats.onchange = describe;
  describe();
  const current = shown;
  const failure = getElement('export-failure');
  form.onsubmit = async (event) => {
    event.preventDefault();
    const format = formats.value;
    button.disabled = formats.disabled = true;
    showFailure(failure, undefined);
    try {
      about.textContent = TEXTS.take.preparing;
      const images = await drawImages(IMAGES, imageSize);
      const { archive, check } = await runExport({ files, step, format, images }, (text) => {
        about.textContent = text;
      });
      if (current !== shown) return;
      links.append(createLink(archive, `unitsphere-step-${step}-${format}.zip`, format, check));
    } catch (error) {
      // A new training has begun or ended; its page must not show what an older export failed with.
      if (current !== shown) return;
      showFailure(failure, error instanceof ExportFailure ? error.failure : describeFailure(error));
    } finally {
      button.disabled = formats.disabled = false;
      describe();
    }
  };
  form.hidden = false;
}

function createLink(archive: Uint8Array<ArrayBuffer>, name: string, format: string, check?: ExportCheck) {
  const url = URL.createObjectURL(new Blob([archive], { type: 'application/zip' }));
  urls.push(url);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.textContent = TEXTS.take.exported(EXPORT_FORMATS[format].title, (archive.length / 1e6).toFixed(1));
  const item = document.createElement('li');
  item.append(link, check ? ` ${describeCheck(check)}` : '');
  return item;
}

function describeCheck({ images, smallestCosine, largestDifference }: ExportCheck): string {
  return TEXTS.take.checked(images, smallestCosine.toFixed(5), largestDifference.toExponential(1));
}
