import type { Recognition } from '@unitsphere/recognition';
import { printable } from '../printable.js';
import { outputColors } from './console.js';

/** Longest name and longest bar in characters. */
const MOST_NAME = 40;
const MOST_BAR = 40;
/** Characters that are filled by eighths. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/** Formats who is in an image: a line with the decision, and a line with a bar for each match. */
export function formatRecognition(
  file: string,
  { decision, name, matches, threshold }: Recognition,
  width: number,
): string[] {
  const color = { known: outputColors.green, ambiguous: outputColors.yellow }[decision as 'known'];
  const word = color ? color(decision) : outputColors.dim(decision);
  const head = `${oneLine(file)}: ${word}${name === null ? '' : ` ${outputColors.bold(oneLine(name))}`}`;
  const room = Math.min(width, 100) - 2;
  const longest = Math.max(0, ...matches.map((match) => oneLine(match.name).length));
  const nameWidth = Math.min(longest, MOST_NAME, Math.max(8, Math.floor(room / 2)));
  const barWidth = Math.min(MOST_BAR, room - nameWidth - 2 - 6 - 2);
  const lines = matches.map((match) => {
    const isAccepted = threshold !== undefined && match.score >= threshold;
    const bar = barWidth >= 8 ? `  ${drawBar(match.score, threshold, barWidth)}` : '';
    const text = `  ${shorten(oneLine(match.name), nameWidth).padEnd(nameWidth)}  ${match.score.toFixed(3).padStart(6)}${bar}`;
    return isAccepted ? text.trimEnd() : outputColors.dim(text.trimEnd());
  });
  return [head, ...lines];
}

/** Draws a score from 0 to 1 as a bar, with a line at the threshold. */
export function drawBar(score: number, threshold: number | undefined, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, score)) * width * 8);
  const filled = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
  if (threshold === undefined || threshold < 0 || threshold > 1) return filled;
  const at = Math.min(width - 1, Math.floor(threshold * width));
  const bar = filled.padEnd(at + 1);
  return `${bar.slice(0, at)}│${bar.slice(at + 1)}`;
}

/** Returns a name as one line that a terminal prints literally. */
export function oneLine(text: string): string {
  return printable(text.replace(/[\n\t]/g, ' '));
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
