import { getElement } from '../dom/get-element.js';
import { h } from '../dom/h.js';
import type { Thumbnails } from '../dom/thumbnails.js';
import { TEXTS } from '../texts.js';
import type { HardPair } from './gallery-points.js';
import type { GalleryOverview, MapPoint } from './messages.js';

/** Hides the pairs and the map, which are of an earlier gallery. */
export function clearOverview(): void {
  getElement('overview-content').replaceChildren();
  getElement('overview-show').hidden = false;
}

/** Shows the hardest pairs, and the map of the embeddings with thumbnails. */
export function drawOverview({ pairs, points }: GalleryOverview, thumbnails: Thumbnails): void {
  const texts = TEXTS.try;
  const groups = (['different', 'same'] as const).flatMap((kind) => {
    const found = pairs.filter((pair) => pair.kind === kind);
    if (found.length === 0) return [];
    const items = found.map((pair) => drawPair(pair, thumbnails));
    return [h('h3', {}, texts.pairs[kind]), h('ul', { class: 'pairs' }, ...items)];
  });
  getElement('overview-content').replaceChildren(
    ...groups,
    h('h3', {}, texts.map),
    h('p', { class: 'note' }, texts.mapAbout),
    drawMap(points, thumbnails),
  );
  getElement('overview-show').hidden = true;
}

function drawPair({ names, pictures, score, kind }: HardPair, thumbnails: Thumbnails): HTMLElement {
  const image = (id: string) => {
    const src = thumbnails.get(id);
    return src ? h('img', { src, alt: '' }) : h('span', { class: 'waiting' });
  };
  const label = kind === 'same' ? names[0] : names.join(' · ');
  return h(
    'li',
    {},
    h('div', {}, ...pictures.map(image)),
    h('p', {}, h('b', {}, label), h('small', {}, TEXTS.try.score(score.toFixed(3)))),
  );
}

/** The map: a button for each picture, which shows its thumbnail when it is pointed at or has the focus. */
function drawMap(points: readonly MapPoint[], thumbnails: Thumbnails): HTMLElement {
  const names = [...new Set(points.map(({ name }) => name))];
  const card = h('div', { class: 'map-card', hidden: true });
  const show = ({ name, picture, x, y }: MapPoint) => {
    const src = thumbnails.get(picture);
    card.replaceChildren(src ? h('img', { src, alt: '' }) : '', h('b', {}, name));
    card.hidden = false;
    card.style.left = `${100 * x}%`;
    card.style.top = `${100 * y}%`;
    card.classList.toggle('from-right', x > 0.6);
    card.classList.toggle('from-below', y > 0.6);
  };
  const dots = points.map((point) => {
    const { name, x, y } = point;
    const hue = Math.round((360 * names.indexOf(name)) / names.length);
    const style = `left: ${100 * x}%; top: ${100 * y}%; --hue: ${hue}`;
    const dot = h('button', { class: 'dot', type: 'button', style, 'aria-label': name });
    dot.onmouseenter = dot.onfocus = () => show(point);
    dot.onmouseleave = dot.onblur = () => {
      card.hidden = true;
    };
    return dot;
  });
  return h('div', { class: 'map', role: 'group', 'aria-label': TEXTS.try.map }, ...dots, card);
}
