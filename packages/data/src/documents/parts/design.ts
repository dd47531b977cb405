import type { Random } from '@unitsphere/core/random';
import { white } from '../../drawing/color.js';
import type { Palette } from '../palettes.js';
import type { Style } from '../style.js';
import { drawIssuer, type IssuerSort } from '../words/issuers.js';
import { type Label, labels } from '../words/labels.js';
import { drawTitle, type Title } from '../words/titles.js';
import { drawEmblem, type Emblem } from './emblem.js';
import type { Ground } from './ground.js';

/** What every kind of document starts from. */
export interface Design<G = Ground> {
  /** Name of the issuer. */
  readonly issuer: string;
  /** Title of the document, such as `Invoice`. */
  readonly title: string;
  readonly emblem: Emblem;
  /** Background; undefined for kinds that paint their own. */
  readonly ground: G;
  readonly palette: Palette;
  /** Labels of fields in the document's language. */
  readonly label: Readonly<Record<Label, string>>;
  /** Width over height. */
  readonly aspect: number;
  /** Width in document units; the height is 100. */
  readonly width: number;
}

/** Options of `drawDesign`. */
export interface DesignOptions<G> {
  readonly issuer: IssuerSort;
  readonly title: Title;
  /** Draws the background; optional. */
  readonly ground?: () => G;
  /** Width over height: a number, the limits of a uniform draw, or a function that draws it. */
  readonly aspect: number | readonly [low: number, high: number] | (() => number);
}

/**
 * Draws what every kind of document starts from.
 *
 * The order of the draws is fixed, because it determines the pixels of a seed: issuer, title, emblem, background, aspect
 * ratio.
 */
export function drawDesign<G = undefined>(
  style: Style,
  random: Random,
  options: DesignOptions<G>,
): Design<G> {
  const { language, palette } = style;
  const issuer = drawIssuer(random, language, options.issuer);
  const title = drawTitle(random, language, options.title);
  const emblemColors = { main: palette.primary, second: palette.accent, ground: white };
  const emblem = drawEmblem(random, emblemColors, issuer, style.heading);
  // Without `ground`, G is undefined.
  const ground = options.ground?.() as G;
  const aspect = drawAspect(random, options.aspect);
  return { issuer, title, emblem, ground, palette, label: labels[language], aspect, width: 100 * aspect };
}

function drawAspect(random: Random, aspect: DesignOptions<unknown>['aspect']): number {
  if (typeof aspect === 'number') return aspect;
  return typeof aspect === 'function' ? aspect() : random.uniform(aspect[0], aspect[1]);
}
