import { brightness, mix, readableOn, white } from '../../drawing/color.js';
import { type Kind, roundedOutline } from '../layout.js';
import { drawCodeForm } from '../parts/code-form.js';
import { drawDesign } from '../parts/design.js';
import { drawCardGround } from '../parts/ground.js';
import { paintMatrixCode } from '../parts/marks.js';

/** A parking permit: a zone in one large letter, a license plate, a year. */
export const permit: Kind = (style, random) => {
  const { issuer, title, emblem, ground, palette, label, aspect, width } = drawDesign(style, random, {
    issuer: random.pick(['state', 'school', 'club']),
    title: 'permit',
    ground: () => drawCardGround(style, random, 0.35),
    aspect: [0.72, 1.35],
  });
  const head = random.uniform(16, 24);
  const headColor = random.pick([palette.primary, palette.accent, palette.ink]);
  const on = readableOn(headColor);
  const zoneColor = random.pick(
    [palette.accent, palette.primary, palette.secondary]
      .filter((c) => Math.abs(brightness(c) - brightness(ground.base)) > 0.12)
      .concat([palette.ink]),
  );
  const zone = random.pick(['square', 'disc', 'diamond', 'bare'] as const);
  const zoneText = random.pick(['A', 'B', 'C', 'P', 'R', 'X', '1', '2', '7', 'S']);
  const zoneRight = random.boolean();
  const zoneX = zoneRight ? width * 0.76 : width * 0.24;
  const textX = zoneRight ? 7 : width * 0.47;
  const room = width * 0.46;
  const year = random.boolean(0.6);
  const form = drawCodeForm(random, 5);
  const plateForm = random.pick(['AA ###', 'AAA-####', '## AA ##', 'A ### AA']);
  const tear = random.boolean(0.4);
  const size = Math.min(width * 0.2, 21);
  const zoneY = head + 30;
  const onZone = zone === 'bare' ? zoneColor : readableOn(zoneColor);
  return {
    aspect,
    gloss: 0.5,
    paper: false,
    outline: roundedOutline(tear ? 0 : 5),
    paintTemplate(pen) {
      ground.paint(pen);
      pen.rect(0, 0, width, head, headColor);
      emblem(pen, head * 0.62, head * 0.55, head * 0.34, {
        main: on,
        second: palette.secondary,
        ground: headColor,
      });
      pen.text(title, head * 1.2, head * 0.58, {
        font: style.heading,
        size: head * 0.4,
        color: on,
        bold: true,
        max: width - head * 1.3 - 4,
        capitals: true,
      });
      pen.text(issuer, head * 1.2, head * 0.86, {
        font: style.text,
        size: head * 0.23,
        color: on,
        max: width - head * 1.3 - 4,
      });
      if (zone === 'square') pen.round(zoneX - size, zoneY - size, size * 2, size * 2, 3, zoneColor);
      else if (zone === 'disc') pen.disc(zoneX, zoneY, size, zoneColor);
      else if (zone === 'diamond') {
        pen.polygon(
          [
            [zoneX, zoneY - size * 1.15],
            [zoneX + size * 1.15, zoneY],
            [zoneX, zoneY + size * 1.15],
            [zoneX - size * 1.15, zoneY],
          ],
          zoneColor,
        );
      }
      pen.text(zoneText, zoneX, zoneY + size * 0.56, {
        font: style.heading,
        size: size * 1.6,
        color: onZone,
        bold: true,
        align: 'center',
      });
      pen.text(`${label.zone} ${zoneText}`, zoneX, Math.min(zoneY + size * 1.15 + 7, 92), {
        font: style.text,
        size: 5,
        color: ground.ink,
        align: 'center',
        max: width * 0.4,
      });
      pen.text(label.plate, textX, head + 10, {
        font: style.text,
        size: 4.4,
        color: ground.soft,
        max: room,
      });
      pen.round(textX, head + 13, room, 15, 2, white);
      pen.frame(textX, head + 13, room, 15, mix(ground.ink, white, 0.2), 0.8, 2);
      pen.text(label.expires, textX, head + 37, {
        font: style.text,
        size: 4.4,
        color: ground.soft,
        max: room,
      });
      if (tear) pen.line(0, 90, width, 90, ground.ink, 0.6, [2, 1.6]);
    },
    paintValues(pen, fill) {
      pen.text(fill.code(plateForm), textX + room / 2, head + 24.6, {
        font: style.mono,
        size: 11,
        color: [24, 24, 30],
        bold: true,
        align: 'center',
        max: room - 4,
      });
      pen.text(fill.date(2025, 2028), textX, head + 46, {
        font: style.value,
        size: 7,
        color: ground.ink,
        bold: true,
        max: room,
      });
      if (year)
        pen.text(String(2024 + fill.random.int(5)), textX, Math.min(head + 62, 87), {
          font: style.heading,
          size: 13,
          color: ground.main,
          bold: true,
          max: room * 0.6,
        });
      const side = Math.min(room * 0.36, 16);
      pen.rect(textX + room - side - 1, head + 49, side + 2, side + 2, white);
      paintMatrixCode(pen, fill.random, textX + room - side, head + 50, side, [20, 20, 24]);
      pen.text(fill.code(form), width - 6, 97, {
        font: style.mono,
        size: 5,
        color: ground.ink,
        align: 'right',
      });
    },
  };
};
