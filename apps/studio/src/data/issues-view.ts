import { h } from '../dom/h.js';
import type { Thumbnails } from '../dom/thumbnails.js';
import { TEXTS } from '../texts.js';
import type { CopyGroup } from './messages.js';
import type { PictureSet } from './picture-set.js';

/** Lists files that could not be read, and pictures that are there more than once. */
export function drawIssues(
  place: HTMLElement,
  set: PictureSet,
  copies: readonly CopyGroup[],
  thumbnails: Thumbnails,
): void {
  const { data } = TEXTS;
  const unreadable = set.unreadable();
  const groups = copies
    .map(({ kind, ids }) => ({ kind, ids: ids.filter((id) => set.get(id)) }))
    .filter(({ ids }) => ids.length > 1);
  place.replaceChildren();
  if (unreadable.length > 0) {
    place.append(
      h(
        'details',
        { class: 'issue', id: 'unreadable', open: unreadable.length <= 5 },
        h('summary', {}, data.unreadable(unreadable.length)),
        h('ul', {}, ...unreadable.map(({ file, reason }) => h('li', {}, h('b', {}, file), ` – ${reason}`))),
      ),
    );
  }
  if (groups.length === 0) return;
  const list = groups.map(({ kind, ids }) => {
    const keep = h('button', { class: 'quiet small', type: 'button' }, data.keepFirst);
    keep.onclick = () => set.removePictures(ids.slice(1));
    const pictures = ids.map((id) =>
      h(
        'figure',
        {},
        h('img', { src: thumbnails.get(id) ?? '', alt: '' }),
        h('figcaption', {}, set.get(id)?.identity ?? '', h('small', {}, id)),
      ),
    );
    const label = kind === 'identical' ? data.identical : data.nearIdentical;
    return h(
      'li',
      {},
      h('div', { class: 'copies' }, ...pictures),
      h('p', {}, h('span', { class: 'tag' }, label), keep),
    );
  });
  place.append(
    h(
      'details',
      { class: 'issue', id: 'duplicates', open: groups.length <= 3 },
      h('summary', {}, data.duplicates(groups.length)),
      h('p', {}, data.duplicatesAbout),
      h('ul', { class: 'copy-groups' }, ...list),
    ),
  );
}
