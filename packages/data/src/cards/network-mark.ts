import { fonts } from '../documents/fonts.js';
import type { Pen } from '../documents/pen.js';
import { css, type Rgb, white } from '../drawing/color.js';

const NAVY: Rgb = [22, 38, 120];
const RED: Rgb = [225, 30, 45];
const ORANGE: Rgb = [247, 158, 27];

/**
 * Paints the mark of an invented payment network at the lower right. There are only eight, as most real cards bear one of
 * few: a network must not recognize a card by it.
 */
export function paintNetworkMark(pen: Pen, network: number, ink: Rgb): void {
  const x = pen.width - 40;
  const y = 76;
  const word = (text: string, color: Rgb, size: number) =>
    pen.text(text, x + 16, y + 13, { font: fonts['russo-one'], size, color, align: 'center', max: 28 });
  switch (network) {
    case 0:
      word('VIDA', ink, 14);
      break;
    case 1:
      pen.round(x, y, 32, 18, 1.5, white);
      pen.rect(x, y, 32, 3.4, NAVY);
      pen.rect(x, y + 14.6, 32, 3.4, ORANGE);
      word('VIDA', NAVY, 11);
      break;
    case 2:
      pen.disc(x + 10, y + 9, 10, RED);
      pen.disc(x + 23, y + 9, 10, ORANGE, 0.9);
      break;
    case 3:
      pen.disc(x + 10, y + 9, 10, RED);
      pen.disc(x + 23, y + 9, 10, ORANGE, 0.95);
      pen.text('MeisterKard', x + 16.5, y + 11.5, {
        font: fonts['pt-sans'],
        size: 6.5,
        color: white,
        bold: true,
        align: 'center',
      });
      break;
    case 4:
      for (const [i, color] of (
        [
          [14, 76, 150],
          [218, 20, 60],
          [20, 140, 60],
        ] as const
      ).entries()) {
        pen.round(x + 4 + i * 9, y - 2, 8, 21, 3, color);
        pen.text('UCB'.charAt(i), x + 8 + i * 9, y + 11, {
          font: fonts['pt-sans'],
          size: 8,
          color: white,
          bold: true,
          align: 'center',
        });
      }
      break;
    case 5:
      pen.round(x, y - 1, 32, 20, 2, [1, 111, 205]);
      pen.text('AMERO', x + 16, y + 12, {
        font: fonts['pt-sans-narrow'],
        size: 9,
        color: white,
        bold: true,
        align: 'center',
      });
      break;
    case 6: {
      const { context } = pen;
      pen.round(x, y - 1, 32, 20, 2, [0, 120, 130]);
      context.fillStyle = css(RED);
      context.beginPath();
      context.roundRect(x, y - 1, 13, 20, 2);
      context.fill();
      word('Uni', white, 9);
      break;
    }
    default:
  }
}
