import type { MeasuredFinding } from './measure-finding.js';
import type { Note } from './notes.js';

/**
 * The notes by their findings' numbers.
 * @throws Error for a note that was written for other verdicts than were measured: it may not stand beside figures it does
 *   not fit.
 */
export function checkNotes(
  notes: readonly Note[],
  findings: readonly MeasuredFinding[],
): Map<number, string> {
  const texts = new Map<number, string>();
  for (const { finding: number, writtenFor, text } of notes) {
    const where = `the note of finding ${number} in benchmarks/src/findings/notes.ts`;
    const measured = findings.find(({ finding }) => finding.number === number);
    if (!measured) throw new Error(`${where}: there is no such finding.`);
    if (texts.has(number)) throw new Error(`${where}: there is another of it.`);
    const now = Object.fromEntries(measured.claims.map(({ id, verdict }) => [id, verdict]));
    const differs = [...new Set([...Object.keys(now), ...Object.keys(writtenFor)])].filter(
      (id) => now[id] !== writtenFor[id],
    );
    if (differs.length > 0) {
      const lines = differs.map(
        (id) => `  "${id}": written for ${writtenFor[id] ?? 'nothing'}, now ${now[id] ?? 'no claim'}`,
      );
      throw new Error(
        `${where} was written for other results than these. Look whether it still holds, and change its writtenFor:\n${lines.join('\n')}`,
      );
    }
    texts.set(number, text);
  }
  return texts;
}
