import { createReadStream } from 'node:fs';
import { checkColumns, type ListRow } from './list-row.js';

/** Longest line; a file that is not a list has longer ones. */
const LONGEST_LINE = 2 ** 16;

/** Yields the rows of a file with a JSON object on each line. @param name The file in messages. @throws Error if it is not such a file. */
export async function* readJsonLines(file: string, name: string): AsyncGenerator<ListRow> {
  let line = 0;
  for await (const text of linesOf(file, name)) {
    line++;
    if (text.trim() === '') continue;
    const at = `Line ${line} of "${name}"`;
    let values: unknown;
    try {
      values = JSON.parse(text);
    } catch (error) {
      throw new Error(`${at} is not JSON: ${(error as Error).message}`, { cause: error });
    }
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw new Error(`${at} is not a JSON object.`);
    }
    checkColumns(at, Object.keys(values));
    yield { at, values: values as Record<string, unknown> };
  }
}

async function* linesOf(file: string, name: string): AsyncGenerator<string> {
  let rest = '';
  let isFirst = true;
  for await (const chunk of createReadStream(file, 'utf8')) {
    const lines = (rest + (isFirst ? (chunk as string).replace(/^\ufeff/, '') : chunk)).split('\n');
    isFirst = false;
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) {
      throw new Error(
        `"${name}" is not a list of JSON objects: a line is longer than ${LONGEST_LINE} characters.`,
      );
    }
    yield* lines;
  }
  if (rest !== '') yield rest;
}
