/**
 * Returns a model card with the figures of figures.json between its marks.
 * @param {string} card
 * @param {{ fingerprint: string, cards: Figures, withoutCopies: Figures, hardSet: Figures }} figures
 * @typedef {ReturnType<typeof import('./measure-cards.mjs').verifyCards>} Figures
 * @throws Error if a mark is missing.
 */
export function writeFigures(card, { fingerprint, cards, withoutCopies, hardSet }) {
  const { thresholds } = cards;
  const parts = {
    fingerprint: `\`${fingerprint}\``,
    figures: [
      '| images | cards | TPR@1e-2 | TPR@1e-3 | TPR@1e-4 | AUROC | rank-1 |',
      '|---|---|---|---|---|---|---|',
      row('real cards: `unique_pool` of DocClassifier', cards),
      row('the same without those that are copies of another', withoutCopies),
      row('hard set: generated photographs of cards and documents', hardSet),
    ].join('\n'),
    thresholds: Object.keys(thresholds)
      .map((fpr, i) => `${thresholds[fpr].toFixed(3)} at ${i === 0 ? 'an FPR of ' : ''}${fpr}`)
      .join(', '),
  };
  return Object.entries(parts).reduce((text, [name, value]) => {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [from, to] = [text.indexOf(start), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`The card has no ${start} … ${end} for its ${name}.`);
    const space = value.includes('\n') ? '\n\n' : '';
    return `${text.slice(0, from + start.length)}${space}${value}${space}${text.slice(to)}`;
  }, card);
}

/** @param {Figures} figures */
function row(name, { identities, tprAtFpr, intervals, auroc, rank1 }) {
  const rate = (fpr) => {
    const [low, high] = (intervals[fpr] ?? []).map((value) => value.toFixed(3));
    if (tprAtFpr[fpr] === undefined) return '–';
    return `${tprAtFpr[fpr].toFixed(3)}${low ? ` (${low}–${high})` : ''}`;
  };
  return `| ${[name, identities, ...['1e-2', '1e-3', '1e-4'].map(rate), auroc.toFixed(4), rank1.toFixed(3)].join(' | ')} |`;
}
