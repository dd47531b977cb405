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
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { title: TEXTS.failures.internal, message, hint: TEXTS.failures.internalHint, isBug: true };
}

/** Capitalizes a sentence, unless it begins with the name of a setting. */
const capitalize = (text: string) =>
  /^\w+\.\w/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
