import { h } from '../dom/h.js';
import { TEXTS } from '../texts.js';
import { FEWEST_IDENTITIES } from './split-fractions.js';

/** Shows which identities a training learns from, and which it holds out. */
export async function drawSplit(place: HTMLElement, names: readonly string[]): Promise<void> {
  const { data } = TEXTS;
  place.hidden = names.length === 0;
  if (names.length === 0) return;
  if (names.length < FEWEST_IDENTITIES) {
    place.replaceChildren(h('h2', {}, data.split), h('p', { class: 'note' }, data.tooFew(names.length)));
    return;
  }
  // Loaded when it is first needed: it comes with the trainer.
  const { planSplit } = await import('./plan-split.js');
  const split = planSplit(names);
  if (!split) return;
  const parts = [
    ['train', data.train, split.train],
    ['validation', data.validation, split.validation],
    ['test', data.test, split.test],
  ] as const;
  const bar = parts.map(([part, , members]) =>
    h('span', { class: part, style: `flex-grow: ${members.length}` }),
  );
  const list = parts.map(([part, title, members]) =>
    h(
      'li',
      { class: part },
      h('b', {}, `${title}: ${members.length}`),
      h('span', {}, members.map((index) => names[index]).join(', ')),
    ),
  );
  place.replaceChildren(
    h('h2', {}, data.split),
    h('p', { class: 'note' }, data.splitAbout),
    h('div', { class: 'split-bar', 'aria-hidden': 'true' }, ...bar),
    h('ul', { class: 'split-list' }, ...list),
  );
}
