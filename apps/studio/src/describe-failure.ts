import { BackendUnavailableError, GpuError } from '@unitsphere/backends';
import { UserError } from 'unitsphere/browser';
import type { Failure } from './messages.js';

const GPU_TITLES = {
  lost: 'The connection to the graphics card was lost',
  'out-of-memory': 'The graphics card is out of memory',
  invalid: 'The graphics card rejected a kernel',
};

/** Describes an error to the visitor of the page. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof BackendUnavailableError) {
    const title = `The backend ${error.backend} is not available`;
    return { title, message: capitalize(error.reason), hint: error.remedy, isBug: false };
  }
  if (error instanceof GpuError) {
    return { title: GPU_TITLES[error.kind], message: error.message, isBug: error.kind === 'invalid' };
  }
  if (error instanceof UserError) {
    return {
      title: 'The training stopped early',
      message: capitalize(error.message),
      hint: error.hint,
      isBug: false,
    };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    title: 'Internal error',
    message,
    hint: 'This is a bug. Please report it together with this message.',
    isBug: true,
  };
}

const capitalize = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
