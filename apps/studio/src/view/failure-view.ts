import { element } from '../element.js';
import type { Failure, StartedBackend } from '../messages.js';

/** Says that a slower backend computes than could, and why; nothing where none does. */
export function showBackendNote(backend: StartedBackend | undefined): void {
  const note = element('backend-note');
  note.hidden = !backend?.slow;
  if (!backend?.slow) return;
  const { name, reason } = backend;
  const what =
    name === 'webgpu'
      ? 'WebGPU is computed by the processor here, which is slower than WebAssembly.'
      : `Training on ${name === 'wasm' ? 'the processor (WebAssembly)' : name}: ${reason}`;
  note.textContent = what;
}

/** Says why a training ended before its end, and what to do; nothing for none. */
export function showFailure(failure: Failure | undefined): void {
  const place = element('failure');
  place.hidden = failure === undefined;
  place.replaceChildren();
  if (!failure) return;
  const title = document.createElement('strong');
  title.textContent = failure.title;
  place.append(title, `\n${failure.message}`);
  if (failure.hint) place.append(`\n${failure.hint}`);
}
