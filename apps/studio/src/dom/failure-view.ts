import { getElement } from '../get-element.js';
import type { Failure, StartedBackend } from '../messages.js';

/** Shows a note if the backend is slow, with the reason. Hides it otherwise. */
export function showBackendNote(backend: StartedBackend | undefined): void {
  const note = getElement('backend-note');
  note.hidden = !backend?.slow;
  if (!backend?.slow) return;
  const { name, reason } = backend;
  note.textContent =
    name === 'webgpu'
      ? 'This browser runs WebGPU on the processor, which is slower than WebAssembly.'
      : `Training on ${name === 'wasm' ? 'the processor (WebAssembly)' : name}: ${reason}`;
}

/** Shows why a training failed and what to do. Hides the message if there is no failure. */
export function showFailure(failure: Failure | undefined): void {
  const place = getElement('failure');
  place.hidden = failure === undefined;
  place.replaceChildren();
  if (!failure) return;
  const title = document.createElement('strong');
  title.textContent = failure.title;
  place.append(title, `\n${failure.message}`);
  if (failure.hint) place.append(`\n${failure.hint}`);
}
