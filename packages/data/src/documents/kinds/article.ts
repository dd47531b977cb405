import { mix, readableOn } from '../../drawing/color.js';
import type { Kind } from '../layout.js';
import { drawDesign } from '../parts/design.js';
import { drawPaperGround } from '../parts/ground.js';
import { patternNames, patterns } from '../parts/pattern.js';
import { drawTheme } from '../words/prose.js';

/** A page of a newspaper or magazine: masthead, headline, columns of text, a picture. */
export const article: Kind = (style, random) => {
  const { issuer, emblem, ground, palette, label, aspect, width } = drawDesign(style, random, {
    issuer: random.pick(['club', 'school', 'stage']),
    title: 'report',
    ground: () => drawPaperGround(style, random, 0.06),
    aspect: [0.7, 0.8],
  });
  const masthead = drawTheme(random, style.language);
  const mast = random.pick(['center', 'band', 'left', 'foot'] as const);
  const mastColor = random.pick([palette.primary, palette.accent, palette.ink]);
  const top = mast === 'foot' ? 7 : 18;
  const columns = 2 + random.int(2);
  const size = random.uniform(2.1, 2.5);
  const step = size * 1.38;
  const gap = 3;
  const margin = random.uniform(4, 7);
  const columnWidth = (width - margin * 2 - gap * (columns - 1)) / columns;
  const headlineSize = random.uniform(6, 8.5);
  const span = 1 + random.int(columns);
  const pictureAt = random.int(columns - span + 1);
  const pictureHeight = random.uniform(16, 28);
  const pictureTop = random.pick([0, random.uniform(8, 24)]);
  const picture = [random.pick(patternNames), random.pick(['swoosh', 'facets', 'bubbles'] as const)] as const;
  const rules = random.boolean(0.5);
  const dropCap = random.boolean(0.5);
  const boxColumn = random.boolean(0.35) ? columns - 1 : -1;
  const boxHeight = random.uniform(14, 24);
  const bodyFont = style.text;
  const capColor = random.pick([palette.accent, palette.primary]);
  const bodyTop = top + headlineSize * 1.2 + 8;
  const bottom = mast === 'foot' ? 88 : 94;
  const words = Math.max(3, Math.round(columnWidth / (size * 2.7)));
  return {
    aspect,
    gloss: 0.15,
    paper: true,
    paintTemplate(pen) {
      ground.paint(pen);
      const on = readableOn(mastColor);
      if (mast === 'band') {
        pen.rect(0, 0, width, 14, mastColor);
        pen.text(masthead, margin, 10.6, {
          font: style.heading,
          size: 9.5,
          color: on,
          bold: true,
          max: width * 0.74,
        });
        emblem(pen, width - 9, 7, 5, { main: on, second: palette.accent, ground: mastColor });
      } else if (mast === 'center') {
        pen.text(masthead, width / 2, 10.5, {
          font: style.heading,
          size: 10,
          color: mastColor,
          bold: true,
          align: 'center',
          max: width - 10,
        });
        pen.line(margin, 12.6, width - margin, 12.6, ground.ink, 0.7);
        pen.line(margin, 15.6, width - margin, 15.6, ground.ink, 0.3);
        pen.text(issuer, width / 2, 15, {
          font: style.text,
          size: 2.2,
          color: ground.soft,
          align: 'center',
        });
      } else if (mast === 'left') {
        emblem(pen, margin + 5, 8, 5.4);
        pen.text(masthead, margin + 13, 8.4, {
          font: style.heading,
          size: 7,
          color: mastColor,
          bold: true,
          max: width * 0.68,
        });
        pen.text(issuer, margin + 13, 12.4, { font: style.text, size: 2.7, color: ground.soft });
      } else {
        pen.rect(0, 91, width, 9, mastColor);
        pen.text(masthead, margin, 97.4, {
          font: style.heading,
          size: 6,
          color: on,
          bold: true,
          max: width * 0.6,
        });
        pen.text(issuer, width - margin, 97, {
          font: style.text,
          size: 2.8,
          color: on,
          align: 'right',
          max: width * 0.3,
        });
      }
      if (rules) {
        for (let c = 1; c < columns; c++) {
          const x = margin + c * (columnWidth + gap) - gap / 2;
          pen.line(x, bodyTop, x, bottom, ground.soft, 0.25);
        }
      }
      if (boxColumn >= 0) {
        const x = margin + boxColumn * (columnWidth + gap);
        pen.rect(x - 1, bottom - boxHeight, columnWidth + 2, boxHeight, capColor, 0.9);
        emblem(pen, x + columnWidth / 2, bottom - boxHeight * 0.6, Math.min(columnWidth, boxHeight) * 0.28, {
          main: readableOn(capColor),
          second: palette.secondary,
          ground: capColor,
        });
        pen.text(issuer, x + columnWidth / 2, bottom - boxHeight * 0.12, {
          font: style.text,
          size: 2.4,
          color: readableOn(capColor),
          align: 'center',
          max: columnWidth,
        });
      }
    },
    paintValues(pen, fill) {
      pen.text(fill.headline(), margin, top + headlineSize * 0.8, {
        font: style.heading,
        size: headlineSize,
        color: ground.ink,
        bold: true,
        max: width - margin * 2,
      });
      pen.text(`${fill.name()} · ${fill.date(1990, 2025)}`, margin, top + headlineSize * 0.8 + 4.6, {
        font: style.text,
        size: 2.8,
        color: capColor,
        max: width - margin * 2,
      });
      const px = margin + pictureAt * (columnWidth + gap);
      const pw = columnWidth * span + gap * (span - 1);
      const py = bodyTop + pictureTop;
      const scene = fill.random.fork('picture');
      pen.withClip(px, py, pw, pictureHeight, 0, () => {
        const sky = mix(
          scene.pick([palette.secondary, palette.accent, palette.primary]),
          [255, 255, 255],
          scene.uniform(0.2, 0.6),
        );
        pen.blend(px, py, pw, pictureHeight, [sky, mix(sky, [40, 40, 60], 0.35)], [0, 1]);
        for (const name of picture)
          patterns[name](scene, scene.pick([palette.ink, palette.primary, palette.accent]), 0.6)(pen);
        pen.disc(
          px + pw * scene.uniform(0.2, 0.8),
          py + pictureHeight * scene.uniform(0.2, 0.6),
          scene.uniform(2, 5),
          mix(palette.accent, [255, 255, 255], 0.5),
        );
      });
      for (let c = 0; c < columns; c++) {
        const x = margin + c * (columnWidth + gap);
        const inPicture = c >= pictureAt && c < pictureAt + span;
        const end = c === boxColumn ? bottom - boxHeight - 1 : bottom;
        let first = c === 0 && dropCap;
        for (let y = bodyTop + size; y < end; y += step) {
          if (inPicture && y > py - 0.5 && y < py + pictureHeight + size) continue;
          if (first) {
            pen.text(fill.line(1).charAt(0), x, y + step * 1.1, {
              font: style.heading,
              size: size * 3.4,
              color: capColor,
              bold: true,
            });
            pen.text(fill.line(words - 1), x + size * 2.6, y, {
              font: bodyFont,
              size,
              color: ground.ink,
              max: columnWidth - size * 2.6,
            });
            y += step;
            pen.text(fill.words(words - 1), x + size * 2.6, y, {
              font: bodyFont,
              size,
              color: ground.ink,
              max: columnWidth - size * 2.6,
            });
            first = false;
          } else
            pen.text(fill.random.boolean(0.2) ? fill.line(words) : fill.words(words), x, y, {
              font: bodyFont,
              size,
              color: ground.ink,
              max: columnWidth,
            });
        }
      }
      if (mast !== 'foot')
        pen.text(`${label.page} ${1 + fill.random.int(90)}`, width - margin, 98, {
          font: style.text,
          size: 2.5,
          color: ground.soft,
          align: 'right',
        });
    },
  };
};
