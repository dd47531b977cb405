import { drawAt, type PlotSize } from './draw-plot.js';
import { escapeHtml } from './html.js';
import { LIGHT } from './palette.js';
import type { Figure } from './plots.js';

const SIZE: PlotSize = { name: 'file', width: 720, height: 400, font: 14, ticks: 1 };
const MARGIN = 22;
const TITLE = { size: 18, bottom: 38 };
const KEY = { size: 14, row: 24, line: 22, gap: 26 };
/** Upper bound of the mean width of a letter, relative to the font size. */
const LETTER_WIDTH = 0.6;

/**
 * Renders a figure as a standalone SVG file: title, key and plot, in the light scheme's colors on white. The output is
 * deterministic.
 *
 * @param fontFamily Value of CSS `font-family`.
 */
export function plotSvg(figure: Figure, fontFamily = 'system-ui, sans-serif'): string {
  const { rows, height: keyHeight } = layKey(figure.key);
  const top = TITLE.bottom + keyHeight;
  const height = top + SIZE.height;
  const plot = drawAt(figure.plot, SIZE).replace(
    '<svg ',
    `<svg y="${top}" width="${SIZE.width}" height="${SIZE.height}" `,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${SIZE.width}" height="${height}" viewBox="0 0 ${SIZE.width} ${height}" font-family="system-ui, sans-serif">
<title>${escapeHtml(figure.title)}</title>
<desc>${escapeHtml(`${figure.plot.description} ${figure.caption}`)}</desc>
<rect width="${SIZE.width}" height="${height}" fill="#ffffff"/>
<text x="${MARGIN}" y="28" font-size="${TITLE.size}" font-weight="600" fill="var(--ink)">${escapeHtml(figure.title)}</text>
${rows.join('\n')}
${plot}
</svg>
`;
  return svg
    .replace(/<text dominant-baseline="central"([^>]*)>/g, (_, attributes: string) =>
      alignToBaseline(attributes),
    )
    .replaceAll('system-ui, sans-serif', escapeHtml(fontFamily))
    .replace(/var\(--([\w-]+)\)/g, (_, name: string) => LIGHT[name as keyof typeof LIGHT]);
}

/** Replaces `dominant-baseline="central"` of a text by a shifted y, because not every SVG renderer supports it. */
function alignToBaseline(attributes: string): string {
  const y = Number(/ y="([-\d.]+)"/.exec(attributes)?.[1] ?? 0) + Math.round(SIZE.font * 0.35);
  return `<text${attributes.replace(/ y="[-\d.]+"/, '')} y="${y}">`;
}

/** Lays out the key's entries in rows. */
function layKey(key: Figure['key']): { rows: string[]; height: number } {
  let [x, row] = [MARGIN, 0];
  const rows = key.map(({ label, color, dashed }) => {
    const width = KEY.line + 8 + label.length * KEY.size * LETTER_WIDTH;
    if (x > MARGIN && x + width > SIZE.width - MARGIN) [x, row] = [MARGIN, row + 1];
    const y = TITLE.bottom + row * KEY.row + 14;
    const entry =
      `<line x1="${x}" x2="${x + KEY.line}" y1="${y}" y2="${y}" stroke="var(${color})" stroke-width="3"${dashed ? ' stroke-dasharray="6 4"' : ''}/>` +
      `<text x="${x + KEY.line + 8}" y="${y + 5}" font-size="${KEY.size}" fill="var(--ink)">${escapeHtml(label)}</text>`;
    x += Math.ceil(width) + KEY.gap;
    return entry;
  });
  return { rows, height: key.length > 0 ? (row + 1) * KEY.row : 0 };
}
