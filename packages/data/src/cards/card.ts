import type { Random } from '@unitsphere/core/random';
import { fonts, fontsFor } from '../documents/fonts.js';
import { CARD_ASPECT } from '../documents/layout.js';
import { paintChip } from '../documents/parts/marks.js';
import type { Pen } from '../documents/pen.js';
import { scriptOf } from '../documents/words/language.js';
import { people } from '../documents/words/people.js';
import type { Surface } from '../drawing/canvas.js';
import { css, mix, type Rgb, white } from '../drawing/color.js';
import { drawPhotographGround, type PhotographGround, recolor } from './grounds/photograph.js';
import { drawTextureGround, type TextureGround } from './grounds/texture.js';
import { DISTINCT_PRODUCTS, type House, type Product, varyHouse } from './house.js';
import { paintNetworkMark } from './network-mark.js';

/** A picture on a card: its index and its box in document units. */
interface Placed {
  readonly picture: number;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly alpha: number;
}

/** A plain area over the ground, as the white strip behind a logo. */
interface Panel {
  readonly box: readonly [x: number, y: number, width: number, height: number];
  readonly color: Rgb;
  readonly alpha: number;
}

/** The design of one card. */
export interface Card {
  readonly house: House;
  /** Whether the picture is the ground alone: a photograph or a texture without print. */
  readonly bare: boolean;
  readonly ground: PhotographGround | undefined;
  readonly texture: TextureGround | undefined;
  readonly panels: readonly Panel[];
  readonly placed: readonly Placed[];
  /** A large word in the middle of the card. */
  readonly word: ((pen: Pen, ink: Rgb) => void) | undefined;
  readonly details: (pen: Pen, ink: Rgb) => void;
  /** Color outside the rounded corners; undefined if the card fills the picture. */
  readonly corners: Rgb | undefined;
}

/** Width of a card in document units. */
const WIDTH = 100 * CARD_ASPECT;

const words = [
  'Platinum',
  'Gold',
  'Titanium',
  'happy',
  'Dream',
  'Travel',
  'Go!',
  'Life',
  'Blue',
  'One',
  'Young',
  'Cash',
  'Miles',
  'Sky',
  'Black',
  'Smile',
  'X',
  'Wow',
  'Lucky',
  'Prime',
];

/** What cards are composed of. */
export interface Stock {
  readonly photographs: number;
  readonly pictures: number;
  /** Share of bare grounds. */
  readonly bare: number;
}

/**
 * Draws a card of a house.
 * @param product What differs from other cards of the same design: payment mark, tier and number, and in part colors, word and a
 *   small picture. Default: the design itself.
 */
export function drawCard(random: Random, issuer: House, stock: Stock, product?: Product): Card {
  // Half of the products have the very same ground: then print alone tells them apart.
  const recolors = product && (product.random.boolean() || product.rank >= DISTINCT_PRODUCTS);
  const isPhotograph = stock.photographs > 0 && random.boolean(0.55);
  const drawn = isPhotograph ? drawPhotographGround(random, stock.photographs) : undefined;
  const ground = drawn && recolors ? recolor(drawn, product.random) : drawn;
  const hueShift = recolors ? product.random.uniform(40, 320) : undefined;
  const texture = isPhotograph ? undefined : drawTextureGround(random, WIDTH, hueShift);
  const house = product ? varyHouse(issuer, product) : issuer;
  // Bare grounds in two colors are the same picture to a camera whose colors are off.
  const bare = random.boolean(stock.bare) && !product;
  const panels = Array.from({ length: random.pick([0, 0, 0, 1, 1, 2]) }, () => drawPanel(random));
  const placed = stock.pictures > 0 && random.boolean(0.55) ? drawPlaced(random, stock.pictures) : [];
  return {
    house,
    bare,
    ground,
    texture,
    panels,
    placed:
      product && stock.pictures > 0 && product.random.boolean(0.3)
        ? [...placed, place(product.random, stock.pictures, 10, 22)]
        : placed,
    word: random.boolean(0.35) ? drawWord(random, house, product) : undefined,
    details: drawDetails(random, house, product !== undefined),
    corners: random.boolean(0.6) ? random.pick([white, white, white, [0, 0, 0]] as const) : undefined,
  };
}

function drawPanel(random: Random): Panel {
  const depth = random.uniform(10, 45);
  return {
    box: random.pick([
      [0, 0, WIDTH, depth],
      [0, 100 - depth, WIDTH, depth],
      [0, 0, depth * 1.4, 100],
      [WIDTH - depth * 1.4, 0, depth * 1.4, 100],
    ] as const),
    color: random.boolean(0.5)
      ? white
      : [random.uniform(0, 255), random.uniform(0, 255), random.uniform(0, 255)],
    alpha: random.boolean(0.6) ? 1 : random.uniform(0.3, 0.9),
  };
}

function place(random: Random, pictures: number, low: number, high: number): Placed {
  return {
    picture: random.int(pictures),
    x: random.uniform(5, WIDTH - 25),
    y: random.uniform(2, 75),
    size: random.uniform(low, high),
    alpha: random.boolean(0.75) ? 1 : random.uniform(0.25, 0.8),
  };
}

function drawPlaced(random: Random, pictures: number): Placed[] {
  if (random.boolean(0.6))
    return [
      {
        ...place(random, pictures, 40, 110),
        x: random.uniform(0, WIDTH - 60),
        y: random.uniform(-15, 50),
      },
    ];
  const many = Array.from({ length: 2 + random.int(5) }, () => place(random, pictures, 12, 40));
  // A pattern repeats one picture.
  return random.boolean(0.3) ? many.map((each) => ({ ...each, picture: many[0].picture })) : many;
}

function drawWord(random: Random, house: House, product?: Product): (pen: Pen, ink: Rgb) => void {
  const common = random.boolean(0.3) ? house.issuer : random.pick(words);
  const text = product?.random.boolean() ? product.random.pick(words) : common;
  const font = random.pick(fontsFor('heading', scriptOf(house.style.language)));
  const size = random.uniform(14, 44);
  const [x, y] = [random.uniform(WIDTH * 0.2, WIDTH * 0.8), random.uniform(28, 62)];
  const color = random.boolean(0.5)
    ? undefined
    : ([random.uniform(0, 255), random.uniform(0, 255), random.uniform(0, 255)] as const);
  return (pen, ink) =>
    pen.text(text, x, y, { font, size, color: color ?? ink, bold: true, align: 'center', max: WIDTH * 0.8 });
}

/** Draws the small print, which cards of one house share in its place and form. */
function drawDetails(random: Random, house: House, isProduct: boolean): Card['details'] {
  const { number, tier } = house;
  const hasNumber = random.boolean(0.92);
  // The mark is what tells some products of one design apart.
  const hasMark = random.boolean(0.92) || isProduct;
  const hasWaves = random.boolean(0.55);
  const hasChip = random.boolean(0.92);
  const holder = random.boolean(0.5)
    ? 'CARDHOLDER NAME'
    : `${random.pick(people.en.given)} ${random.pick(people.en.surnames)}`.toUpperCase();
  const silver = random.boolean(0.4);
  const date = random.pick(['00/00', '08/08', '88/88', '12/17', '05/25']);
  return (pen, ink) => {
    const { context } = pen;
    const { x, y, plan, metal } = house.chip;
    if (hasChip) paintChip(pen, x, y, 21, 17, plan, metal);
    if (hasWaves) {
      context.strokeStyle = css(ink, 0.9);
      context.lineWidth = 1.2;
      for (let i = 0; i < 4; i++) {
        context.beginPath();
        context.arc(WIDTH - 20, y + 6, 3 + i * 2.6, -0.7, 0.7);
        context.stroke();
      }
    }
    const color: Rgb = silver ? [196, 198, 202] : ink;
    const shade: Rgb = ink[0] > 128 || silver ? [30, 30, 34] : [250, 250, 250];
    const emboss = (text: string, left: number, base: number, size: number, max: number) => {
      pen.text(text, left + 0.6, base + 0.8, {
        font: fonts['share-tech-mono'],
        size,
        color: shade,
        alpha: 0.6,
        max,
      });
      pen.text(text, left, base, { font: fonts['share-tech-mono'], size, color, max });
    };
    if (hasNumber) {
      emboss(number.text, 12, number.y + 6, number.size, WIDTH - 30);
      pen.text(number.text.slice(0, 4), 14, number.y + 13, { font: fonts['pt-sans'], size: 4.6, color: ink });
      pen.text('VALID THRU', 52, 82, { font: fonts['pt-sans'], size: 3.6, color: ink });
      emboss(date, 66, 84, 8, 40);
      emboss(holder, 12, 94, 8.4, WIDTH - 66);
    }
    if (hasMark) paintNetworkMark(pen, house.network, ink);
    if (tier)
      pen.text(tier, WIDTH - 24, 98.5, {
        font: fonts['pt-sans'],
        size: 5,
        color: ink,
        align: 'center',
        max: 34,
      });
  };
}

/** What `paintCard` requires beside the card. */
export interface CardPaints {
  /** Ink of text that is read on the ground: light or dark. */
  readonly ink: Rgb;
  /** Drawn pictures by their index. */
  readonly pictures: ReadonlyMap<number, Surface>;
}

/** Paints everything over the ground. The canvas has document units. */
export function paintCard(pen: Pen, card: Card, { ink, pictures }: CardPaints): void {
  const { context } = pen;
  const { house } = card;
  for (const { box, color, alpha } of card.panels) pen.rect(...box, color, alpha);
  for (const { picture, x, y, size, alpha } of card.placed) {
    context.globalAlpha = alpha;
    drawPicture(pen, pictures, picture, x, y, size);
    context.globalAlpha = 1;
  }
  card.word?.(pen, ink);
  const [first] = card.panels;
  const overPanel = first?.alpha === 1 && first.box[1] === 0 && first.box[3] > 16;
  const titleInk: Rgb = overPanel && first.color === white ? [30, 40, 90] : ink;
  const x = house.logoAtRight ? WIDTH - 20 : 16;
  if (house.logo === undefined)
    house.emblem(pen, x, 14, 9, {
      main: titleInk,
      second: mix(titleInk, house.style.palette.accent, 0.6),
      ground: white,
    });
  else drawPicture(pen, pictures, house.logo, x - 10, 4, 20);
  pen.text(house.issuer, house.logoAtRight ? x - 14 : 29, 18, {
    font: house.style.heading,
    size: 10,
    color: titleInk,
    bold: true,
    align: house.logoAtRight ? 'right' : 'left',
    max: WIDTH * 0.5,
  });
  card.details(pen, ink);
}

/** Draws a picture within a square box, with its own aspect ratio. */
function drawPicture(
  pen: Pen,
  pictures: CardPaints['pictures'],
  index: number,
  x: number,
  y: number,
  size: number,
): void {
  const surface = pictures.get(index);
  if (!surface) return;
  const scale = size / Math.max(surface.width, surface.height);
  pen.context.drawImage(surface, x, y, surface.width * scale, surface.height * scale);
}

/** Fills the corners outside the card's rounded outline. */
export function paintCorners(pen: Pen, color: Rgb): void {
  const { context } = pen;
  const r = 6;
  context.fillStyle = css(color);
  for (const [x, y, dx, dy] of [
    [0, 0, 1, 1],
    [WIDTH, 0, -1, 1],
    [WIDTH, 100, -1, -1],
    [0, 100, 1, -1],
  ] as const) {
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + dx * r, y);
    context.quadraticCurveTo(x, y, x, y + dy * r);
    context.closePath();
    context.fill();
  }
}
