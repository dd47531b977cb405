import { formatPercent } from 'unitsphere/report';
import { h } from '../dom/h.js';
import { TEXTS } from '../texts.js';
import type { GalleryState } from './messages.js';

const percent = (share: number) => formatPercent(share, 1);

/**
 * Shows the threshold of a gallery, the data of its measurement, and its limits.
 * @param isTrained Whether the model was trained in this page, after the shipped model was measured.
 */
export function drawThreshold(
  place: HTMLElement,
  gallery: GalleryState | undefined,
  isTrained: boolean,
): void {
  const texts = TEXTS.try;
  place.replaceChildren();
  if (!gallery) return;
  if (!gallery.threshold) {
    place.append(h('p', { class: 'note' }, texts.uncalibrated));
    return;
  }
  const { threshold, source, rate, interval, identities, measuredOn, required, isContradicted, warnings } =
    gallery.threshold;
  const text =
    source === 'shipped'
      ? texts.shippedThreshold(threshold.toFixed(3), percent(rate), identities, measuredOn ?? '', isTrained)
      : texts.ownThreshold(
          threshold.toFixed(3),
          percent(rate),
          percent(interval?.low ?? 0),
          percent(interval?.high ?? 1),
          identities,
        );
  const until =
    source === 'shipped' ? ` ${texts.ownFrom(required)}` : isContradicted ? ` ${texts.contradicted}` : '';
  place.append(h('p', { class: 'note', id: 'threshold' }, `${text}${until}`));
  if (warnings.length === 0) return;
  place.append(
    h(
      'details',
      { class: 'plain' },
      h('summary', {}, texts.warnings),
      h('ul', {}, ...warnings.map((warning) => h('li', {}, warning))),
    ),
  );
}
