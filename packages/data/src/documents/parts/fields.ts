import type { Random } from '@unitsphere/core/random';
import { mix, type Rgb, white } from '../../drawing/color.js';
import type { Filler } from '../filler.js';
import type { Font } from '../fonts.js';
import type { Box } from '../layout.js';
import type { Pen } from '../pen.js';
import type { Style } from '../style.js';
import { type Label, labels } from '../words/labels.js';
import type { Ground } from './ground.js';

/** A field: its label and how its value is drawn. */
export interface Field {
  readonly label: Label;
  readonly value: (fill: Filler) => string;
  /** Number of columns the field spans; default 1. */
  readonly span?: number;
}

export const fieldForms = ['above', 'beside', 'ruled', 'boxed', 'dotted', 'tinted'] as const;
export type FieldForm = (typeof fieldForms)[number];

/** A block of fields, to be painted in two steps like a `Layout`. */
export interface FieldBlock {
  paintTemplate(pen: Pen): void;
  paintValues(pen: Pen, fill: Filler): void;
}

/** Options of `drawFields`; those omitted are drawn or taken from the style. */
export interface FieldOptions {
  readonly columns?: number;
  readonly form?: FieldForm;
  readonly font?: Font;
  readonly ink?: Rgb;
  /** Maximum font size of values in document units; default 9. Low rows use a smaller size. */
  readonly maxSize?: number;
}

/** Draws the design of a block of labeled fields in rows and columns. */
export function drawFields(
  style: Style,
  random: Random,
  ground: Ground,
  box: Box,
  fields: readonly Field[],
  options: FieldOptions = {},
): FieldBlock {
  const columns = options.columns ?? 1;
  const form = options.form ?? random.pick(fieldForms);
  const cells: { field: Field; column: number; row: number; span: number }[] = [];
  let column = 0;
  let row = 0;
  for (const field of fields) {
    const span = Math.min(columns, field.span ?? 1);
    if (column + span > columns) {
      column = 0;
      row++;
    }
    cells.push({ field, column, row, span });
    column += span;
  }
  const rowHeight = box.height / (row + 1);
  const gap = form === 'boxed' ? 0 : box.width * 0.03;
  const cellWidth = (box.width + gap) / columns;
  const beside = form === 'beside' || form === 'dotted';
  const share = random.uniform(0.36, 0.46);
  const size = Math.min(rowHeight * (beside ? 0.62 : 0.48), options.maxSize ?? 9);
  const labelSize = Math.min(rowHeight * (beside ? 0.48 : 0.3), size * 0.78, 5.2);
  const capitals = random.boolean(0.4);
  const boldValues = random.boolean(0.5);
  const boldLabels = !boldValues && random.boolean(0.5);
  const labelColor = random.boolean(0.5) ? ground.soft : mix(ground.main, ground.ink, 0.25);
  const valueCapitals = random.boolean(0.4);
  const font = options.font ?? style.value;
  const tint = ground.dark ? mix(ground.base, white, 0.16) : mix(white, style.palette.secondary, 0.28);

  return {
    paintTemplate(pen) {
      for (const { field, column: c, row: r, span } of cells) {
        const x = box.x + c * cellWidth;
        const y = box.y + r * rowHeight;
        const width = cellWidth * span - gap;
        if (form === 'ruled')
          pen.line(x, y + rowHeight * 0.94, x + width, y + rowHeight * 0.94, ground.soft, 0.45);
        if (form === 'boxed') pen.frame(x, y, width, rowHeight, labelColor, 0.5);
        if (form === 'tinted')
          pen.round(x, y + rowHeight * 0.36, width, rowHeight * 0.58, rowHeight * 0.08, tint);
        if (form === 'dotted') {
          pen.line(
            x + width * share,
            y + rowHeight * 0.78,
            x + width,
            y + rowHeight * 0.78,
            ground.soft,
            0.5,
            [0.7, 1.2],
          );
        }
        pen.text(
          labels[style.language][field.label],
          x + (form === 'boxed' ? width * 0.03 : 0),
          y + rowHeight * (beside ? 0.68 : 0.3),
          {
            font: style.text,
            size: labelSize,
            color: labelColor,
            bold: boldLabels,
            capitals,
            max: beside ? width * (share - 0.03) : width * 0.94,
          },
        );
      }
    },
    paintValues(pen, fill) {
      for (const { field, column: c, row: r, span } of cells) {
        const x = box.x + c * cellWidth;
        const y = box.y + r * rowHeight;
        const width = cellWidth * span - gap;
        const inset = beside ? width * share : form === 'boxed' || form === 'tinted' ? width * 0.03 : 0;
        pen.text(field.value(fill), x + inset, y + rowHeight * (beside ? 0.7 : 0.83), {
          font,
          size,
          color: options.ink ?? ground.ink,
          bold: boldValues,
          capitals: valueCapitals,
          max: width - inset - width * 0.02,
        });
      }
    },
  };
}
