import { BackendUnavailableError, GpuError } from '@unitsphere/backends';
import { UserError } from 'unitsphere/browser';
import type { Failure } from './messages.js';

const GPU_TITLES = {
  lost: 'The graphics card was lost',
  'out-of-memory': 'The graphics card is out of memory',
  invalid: 'The graphics card refused a kernel',
};

/** An error in words for the person at the page. */
export function failureOf(error: unknown): Failure {
  if (error instanceof BackendUnavailableError) {
    const title = `${error.backend} cannot be used here`;
    return { title, message: sentence(error.reason), hint: error.remedy, fault: false };
  }
  if (error instanceof GpuError) {
    return { title: GPU_TITLES[error.kind], message: error.message, fault: error.kind === 'invalid' };
  }
  if (error instanceof UserError) {
    return {
      title: 'Not trained to the end',
      message: sentence(error.message),
      hint: error.hint,
      fault: false,
    };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    title: 'This is a fault of the program, not of yours',
    message,
    hint: 'Please report it with what stands here.',
    fault: true,
  };
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
