import type { MeasuredFinding } from './measure-finding.js';
import type { Note } from './notes.js';

/**
 * Checks that each note was written for the measured verdicts.
 * @returns The texts of the notes by the number of their finding.
 * @throws Error for a note that was written for other verdicts, because it might not match the figures.
 */
export function checkNotes(
  notes: readonly Note[],
  findings: readonly MeasuredFinding[],
): Map<number, string> {
  const texts = new Map<number, string>();
  for (const { finding: number, writtenFor, text } of notes) {
    const where = `The note of finding ${number} in benchmarks/src/findings/notes.ts`;
    const measured = findings.find(({ finding }) => finding.number === number);
    if (!measured) throw new Error(`${where} belongs to an unknown finding.`);
    if (texts.has(number)) throw new Error(`${where} is duplicated.`);
    const now = Object.fromEntries(measured.claims.map(({ id, verdict }) => [id, verdict]));
    const differs = [...new Set([...Object.keys(now), ...Object.keys(writtenFor)])].filter(
      (id) => now[id] !== writtenFor[id],
    );
    if (differs.length > 0) {
      const lines = differs.map(
        (id) => `  "${id}": written for "${writtenFor[id] ?? 'no verdict'}", now "${now[id] ?? 'no claim'}"`,
      );
      throw new Error(
        `${where} was written for other results. Check whether its text still holds, and update its writtenFor:\n${lines.join('\n')}`,
      );
    }
    texts.set(number, text);
  }
  return texts;
}
