import { type PixelImage, parsePreprocessorConfig } from '@unitsphere/images';
import { strFromU8 } from 'fflate';
import type { BrowserCheckpoint } from 'unitsphere/browser';
import { describeFailure } from '../describe-failure.js';
import { getElement } from '../get-element.js';
import { showFailure } from '../view/failure-view.js';
import { EXPORT_FORMATS } from './formats.js';
import type { ExportCheck } from './messages.js';
import { ExportFailure, runExport } from './run-export.js';

/** Images for the ranges of int8 and for the check. */
const IMAGES = 96;

const urls: string[] = [];
let shown = 0;

/** Hides the export of the previous training. */
export function clearExport(): void {
  shown++;
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
  label.append('Export for other runtimes ', formats);
  const button = document.createElement('button');
  button.textContent = 'Export';
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
  form.onsubmit = async (event) => {
    event.preventDefault();
    const format = formats.value;
    button.disabled = formats.disabled = true;
    showFailure(undefined);
    try {
      about.textContent = 'Drawing documents …';
      const images = await drawImages(IMAGES, imageSize);
      const { archive, check } = await runExport({ files, step, format, images }, (text) => {
        about.textContent = text;
      });
      if (current !== shown) return;
      links.append(createLink(archive, `unitsphere-step-${step}-${format}.zip`, format, check));
    } catch (error) {
      showFailure(error instanceof ExportFailure ? error.failure : describeFailure(error));
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
  link.textContent = `Download ${EXPORT_FORMATS[format].title} (${(archive.length / 1e6).toFixed(1)} MB)`;
  const item = document.createElement('li');
  item.append(link, check ? ` ${describeCheck(check)}` : '');
  return item;
}

function describeCheck({ images, smallestCosine, largestDifference }: ExportCheck): string {
  return `Beside the model, on ${images} documents that are not in the training: smallest cosine ${smallestCosine.toFixed(5)}, largest difference of a value ${largestDifference.toExponential(1)}.`;
}
