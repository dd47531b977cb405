import type { Failure } from '../failure.js';

/** Shows in a place of the page why something failed and what to do. Hides the place if there is no failure. */
export function showFailure(place: HTMLElement, failure: Failure | undefined): void {
  place.hidden = failure === undefined;
  place.replaceChildren();
  if (!failure) return;
  const title = document.createElement('strong');
  title.textContent = failure.title;
  place.append(title, `\n${failure.message}`);
  if (failure.hint) place.append(`\n${failure.hint}`);
}
