import { css, mix, readableOn, white } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawDesign } from '../parts/design.js';
import { drawPaperGround } from '../parts/ground.js';
import { paintSeal, paintSignature } from '../parts/marks.js';
import { patterns } from '../parts/pattern.js';
import { drawTheme } from '../words/prose.js';

const borders = ['double', 'ornament', 'guilloche', 'corners', 'solid', 'side'] as const;

/** A diploma: an ornate border, a large title, a handwritten name, a seal and two signatures. */
export const certificate: Kind = (style, random) => {
  const { issuer, title, emblem, ground, palette, label, aspect, width } = drawDesign(style, random, {
    issuer: random.pick(['school', 'school', 'club', 'state']),
    title: 'certificate',
    ground: () => drawPaperGround(style, random, 0.35),
    aspect: () => (random.boolean(0.75) ? random.uniform(1.3, 1.45) : random.uniform(0.7, 0.78)),
  });
  const border = random.pick(borders);
  const borderColor = random.pick([palette.primary, palette.accent, palette.ink]);
  const net = patterns.guilloche(random, mix(palette.primary, white, 0.2), 0.7);
  const inset = random.uniform(4, 6.5);
  const sideWidth = width * random.uniform(0.16, 0.24);
  const center = border === 'side' ? sideWidth + (width - sideWidth) / 2 : width / 2;
  const room = (border === 'side' ? width - sideWidth : width) - inset * 2 - 14;
  const emblemTop = random.boolean(0.65);
  const sealPoints = 12 + random.int(20);
  const [sealX, sealY] = random.pick([
    [center, 82],
    [border === 'side' ? sideWidth / 2 : inset + 18, border === 'side' ? 70 : 80],
    [width - inset - 19, 80],
  ] as const);
  const sealSize = random.uniform(8, 11) * (aspect > 1 ? 1 : 0.65);
  const ribbon = random.boolean(0.5) ? palette.accent : undefined;
  const sealColor = random.pick([palette.accent, [200, 160, 60], palette.primary] as const);
  const nameFont = random.boolean(0.7) ? style.hand : style.heading;
  const titleSize = random.uniform(11, 15);
  const course = drawTheme(random, style.language);
  const flank = Math.abs(sealX - center) < 1;
  const signs = flank
    ? [center - room * (aspect > 1 ? 0.3 : 0.37), center + room * (aspect > 1 ? 0.3 : 0.37)]
    : [center - 2, center + (sealX < center ? room * 0.33 : -room * 0.33)];
  const rule = random.boolean();
  const titleY = emblemTop ? 35 : 27;
  const widths = aspect > 1 ? 1 : 0.62;
  return {
    aspect,
    gloss: 0.25,
    paper: true,
    paintTemplate(pen) {
      const { context } = pen;
      ground.paint(pen);
      if (border === 'double') {
        pen.frame(inset, inset, width - inset * 2, 100 - inset * 2, borderColor, 1.4);
        pen.frame(inset + 2.4, inset + 2.4, width - inset * 2 - 4.8, 95.2 - inset * 2, borderColor, 0.5);
      } else if (border === 'solid') {
        pen.frame(inset / 2, inset / 2, width - inset, 100 - inset, borderColor, inset);
        pen.frame(inset + 1.6, inset + 1.6, width - inset * 2 - 3.2, 96.8 - inset * 2, palette.accent, 0.6);
      } else if (border === 'guilloche') {
        context.save();
        context.beginPath();
        context.rect(0, 0, width, 100);
        context.moveTo(inset + 4, inset + 4);
        context.lineTo(inset + 4, 96 - inset);
        context.lineTo(width - inset - 4, 96 - inset);
        context.lineTo(width - inset - 4, inset + 4);
        context.closePath();
        context.clip();
        pen.rect(0, 0, width, 100, mix(white, palette.secondary, 0.5));
        net(pen);
        context.restore();
        pen.frame(inset + 4, inset + 4, width - inset * 2 - 8, 92 - inset * 2, borderColor, 0.8);
      } else if (border === 'ornament') {
        pen.frame(inset + 1.5, inset + 1.5, width - inset * 2 - 3, 97 - inset * 2, borderColor, 0.6);
        context.fillStyle = css(borderColor);
        context.beginPath();
        const step = 4.2;
        const diamond = (x: number, y: number) => {
          context.moveTo(x, y - 1.7);
          context.lineTo(x + 1.7, y);
          context.lineTo(x, y + 1.7);
          context.lineTo(x - 1.7, y);
          context.closePath();
        };
        for (let x = inset; x < width - inset + 1; x += step) {
          diamond(x, inset - 1);
          diamond(x, 101 - inset);
        }
        for (let y = inset + step; y < 100 - inset; y += step) {
          diamond(inset - 1, y);
          diamond(width - inset + 1, y);
        }
        context.fill();
      } else if (border === 'corners') {
        for (const [x, y, sx, sy] of [
          [0, 0, 1, 1],
          [width, 0, -1, 1],
          [0, 100, 1, -1],
          [width, 100, -1, -1],
        ]) {
          pen.polygon(
            [
              [x, y],
              [x + sx * 24, y],
              [x, y + sy * 24],
            ],
            borderColor,
          );
          pen.polygon(
            [
              [x + sx * 28, y],
              [x + sx * 31, y],
              [x, y + sy * 31],
              [x, y + sy * 28],
            ],
            palette.accent,
          );
        }
        pen.frame(inset, inset, width - inset * 2, 100 - inset * 2, borderColor, 0.5);
      } else {
        pen.blend(0, 0, sideWidth, 100, [borderColor, mix(borderColor, palette.secondary, 0.5)], [0, 1]);
        pen.rect(sideWidth, 0, 1.6, 100, palette.accent);
        emblem(pen, sideWidth / 2, 24, sideWidth * 0.32, {
          main: readableOn(borderColor),
          second: palette.accent,
          ground: borderColor,
        });
      }
      if (emblemTop) emblem(pen, center, 17, 7);
      else
        pen.text(issuer, center, 16, {
          font: style.text,
          size: 5.4,
          color: ground.ink,
          align: 'center',
          capitals: true,
          max: room,
        });
      pen.text(title, center, titleY, {
        font: style.heading,
        size: titleSize,
        color: ground.main,
        bold: true,
        align: 'center',
        max: room,
      });
      if (emblemTop)
        pen.text(issuer, center, titleY + 6.5, {
          font: style.text,
          size: 4.6,
          color: ground.soft,
          align: 'center',
          max: room,
        });
      pen.text(label.certify, center, 47, {
        font: style.text,
        size: 4.2,
        color: ground.ink,
        align: 'center',
        max: room,
      });
      if (rule) pen.line(center - room * 0.35, 60.5, center + room * 0.35, 60.5, palette.accent, 0.5);
      pen.text(label.completed, center, 66, {
        font: style.text,
        size: 4,
        color: ground.ink,
        align: 'center',
        max: room,
      });
      pen.text(course, center, 73, {
        font: style.heading,
        size: 6,
        color: ground.main,
        align: 'center',
        max: room * 0.9,
      });
      signs.forEach((x, i) => {
        pen.line(x - 15 * widths, 88, x + 15 * widths, 88, ground.ink, 0.4);
        pen.text(i ? label.secretary : label.president, x, 92, {
          font: style.text,
          size: 3.2,
          color: ground.soft,
          align: 'center',
          max: 30 * widths,
        });
      });
      paintSeal(pen, sealX, sealY, sealSize, sealPoints, sealColor, ribbon);
      emblem(pen, sealX, sealY, sealSize * 0.5, {
        main: mix(sealColor, [0, 0, 0], 0.45),
        second: white,
        ground: sealColor,
      });
    },
    paintValues(pen, fill) {
      pen.text(fill.name(), center, 58, {
        font: nameFont,
        size: 11,
        color: ground.ink,
        align: 'center',
        max: room * 0.9,
      });
      for (const x of signs)
        paintSignature(pen, fill.random, x - 12 * widths, 79, 24 * widths, 9, [30, 40, 90]);
      pen.text(
        fill.date(2005, 2025),
        border === 'side' ? center : sealX < center ? width - inset - 6 : inset + 6,
        border === 'side' ? 96.5 : 97 - inset,
        {
          font: style.value,
          size: 3.2,
          color: ground.soft,
          align: border === 'side' ? 'center' : sealX < center ? 'right' : 'left',
        },
      );
    },
  };
};
