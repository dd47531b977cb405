import type { ModelKind, StudioState } from '../state/studio-state.js';
import type { RecognizerModel } from './messages.js';

/** Matches the setting of a config that starts a training from the shipped model. */
const FROM_SHIPPED = /^\s*pretrained:\s*["']?document-small["']?\s*$/m;

/** Returns a model of the page for the recognition worker; the shipped one if the wanted one is gone. */
export function modelOf(state: StudioState, kind: ModelKind): RecognizerModel {
  const [trained, loaded] = [state.model.get(), state.loaded.get()];
  if (kind === 'trained' && trained) {
    const { checkpoint, yaml } = trained;
    return { kind: 'checkpoint', files: checkpoint.files, isFromShipped: FROM_SHIPPED.test(yaml) };
  }
  if (kind === 'loaded' && loaded) return { kind: 'folder', files: loaded.files };
  return { kind: 'shipped' };
}
