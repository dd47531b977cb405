import type { Random } from '@unitsphere/core/random';
import { white } from '../../drawing/color.js';
import type { Style } from '../style.js';
import { drawIssuer, type Issuer } from '../words/issuers.js';
import { drawTitle, type Title } from '../words/titles.js';
import { drawEmblem, type Emblem } from './emblem.js';

/** Who issues a document, what it is called, and the issuer's emblem. */
export interface Issue {
  readonly issuer: string;
  readonly title: string;
  readonly emblem: Emblem;
}

export function drawIssue(style: Style, random: Random, sort: Issuer, title: Title): Issue {
  const issuer = drawIssuer(random, style.language, sort);
  const { primary, accent } = style.palette;
  return {
    issuer,
    title: drawTitle(random, style.language, title),
    emblem: drawEmblem(random, { main: primary, second: accent, ground: white }, issuer, style.heading),
  };
}

/** The form an issuer's numbers have: # is a digit, A a letter. */
export function drawCodeForm(random: Random, digits = 7): string {
  const letters = 'A'.repeat(random.int(3));
  const block = '#'.repeat(digits);
  switch (random.int(5)) {
    case 0:
      return `${letters}${block}`;
    case 1:
      return `${block.slice(0, 3)}-${block.slice(3)}${letters}`;
    case 2:
      return `${letters || 'A'} ${block.slice(0, 3)} ${block.slice(3)}`;
    case 3:
      return `${block.slice(0, 2)}.${block.slice(2, 5)}.${block.slice(5)}`;
    default:
      return `${letters}/${block}`.replace(/^\//, '');
  }
}
