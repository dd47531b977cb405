import { h } from '../dom/h.js';
import { TEXTS } from '../texts.js';
import type { RecognizedPicture } from './messages.js';

/** Shows who is in a picture: the decision, then the ranked matches with their scores beside the threshold. */
export function drawResult(
  place: HTMLElement,
  { decision, name, matches, threshold, milliseconds }: RecognizedPicture,
  thumbnails: { get(id: string): string | undefined },
): void {
  const texts = TEXTS.try;
  const verdict = decision === 'known' ? texts.decisions.known(name ?? '') : texts.decisions[decision];
  const rows = matches.map(({ name, score, picture }) => {
    const isAccepted = threshold !== undefined && score >= threshold;
    const track = h('span', { class: 'track', 'aria-hidden': 'true' });
    track.append(h('span', { class: 'fill', style: `width: ${percentOf(score)}` }));
    if (threshold !== undefined) track.append(h('i', { style: `left: ${percentOf(threshold)}` }));
    const src = thumbnails.get(picture);
    return h(
      'li',
      { class: isAccepted ? 'accepted' : '' },
      src ? h('img', { src, alt: '' }) : h('span', { class: 'waiting' }),
      h('span', { class: 'match' }, h('b', {}, name), track),
      h(
        'span',
        {
          class: 'score',
          'aria-label': texts.scoreOf(name, score.toFixed(3), threshold?.toFixed(3)),
        },
        score.toFixed(3),
      ),
    );
  });
  place.replaceChildren(
    h(
      'div',
      { class: `verdict ${decision}` },
      h('p', { class: 'answer', id: 'answer' }, verdict),
      h('p', {}, texts.about[decision]),
    ),
    h('h3', {}, texts.matches),
    h('ol', { class: 'matches' }, ...rows),
    h(
      'p',
      { class: 'note' },
      threshold === undefined ? '' : `${texts.threshold(threshold.toFixed(3))} `,
      texts.took(Math.round(milliseconds)),
    ),
  );
}

/** Position of a cosine on the track, which begins at 0. */
const percentOf = (score: number) => `${(100 * Math.min(1, Math.max(0, score))).toFixed(1)}%`;
