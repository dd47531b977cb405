import { BackendUnavailableError, GpuError } from '@unitsphere/backends';
import { ImageError } from '@unitsphere/images';
import { UserError } from 'unitsphere/browser';
import type { Failure } from './failure.js';
import { toPageHint } from './page-hint.js';
import { TEXTS } from './texts.js';

const GPU_TITLES = {
  lost: TEXTS.failures.gpuLost,
  'out-of-memory': TEXTS.failures.gpuMemory,
  invalid: TEXTS.failures.gpuInvalid,
};

/** Titles of errors about files of the visitor, by the name of their class: importing the classes would load their packages. */
const FILE_TITLES: Readonly<Record<string, string>> = {
  GalleryStoreError: TEXTS.failures.gallery,
  EmbedderError: TEXTS.failures.model,
};

/** Describes an error to the visitor of the page. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof BackendUnavailableError) {
    const title = TEXTS.failures.backend(error.backend);
    return { title, message: capitalize(error.reason), hint: error.remedy, isBug: false };
  }
  if (error instanceof GpuError) {
    return { title: GPU_TITLES[error.kind], message: error.message, isBug: error.kind === 'invalid' };
  }
  if (error instanceof ImageError) {
    return { title: TEXTS.failures.picture, message: capitalize(error.message), isBug: false };
  }
  if (error instanceof UserError) {
    return {
      title: TEXTS.failures.training,
      message: capitalize(toPageHint(error.message)),
      hint: error.hint && toPageHint(error.hint),
      isBug: false,
    };
  }
  const file = describeFile(error);
  if (file) return file;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { title: TEXTS.failures.internal, message, hint: TEXTS.failures.internalHint, isBug: true };
}

/** Describes an error about a gallery or a model; undefined for any other. */
function describeFile(error: unknown): Failure | undefined {
  if (!(error instanceof Error) || !(error.name in FILE_TITLES)) return undefined;
  const title = FILE_TITLES[error.name];
  if ('code' in error && error.code === 'WRONG_EMBEDDER') {
    const { otherModel, otherModelHint } = TEXTS.failures;
    return { title, message: otherModel, hint: otherModelHint, isBug: false };
  }
  return { title, message: capitalize(error.message), isBug: false };
}

/** Capitalizes a sentence, unless it begins with the name of a setting. */
const capitalize = (text: string) =>
  /^\w+\.\w/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
