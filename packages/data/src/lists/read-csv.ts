import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { checkColumns, type ListRow } from './list-row.js';

/** Longest line; a file that is not a list has longer ones. */
const LONGEST_LINE = 2 ** 16;

/** Yields the rows of a CSV file with a header. @param name The file in messages. @throws Error if it is not such a file. */
export async function* readCsv(file: string, name: string): AsyncGenerator<ListRow> {
  const parser = parse({
    bom: true,
    columns: (header: string[]) => {
      const names = header.map((column) => column.trim());
      checkColumns(`"${name}"`, names);
      return names;
    },
    info: true,
    max_record_size: LONGEST_LINE,
    skip_empty_lines: true,
    trim: true,
  });
  const input = createReadStream(file);
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: Record<string, string>;
      info: { lines: number };
    }>) {
      yield { at: `Line ${info.lines} of "${name}"`, values: record };
    }
  } catch (error) {
    if (error instanceof CsvError)
      throw new Error(`"${name}" is not a CSV file: ${error.message}`, { cause: error });
    throw error;
  } finally {
    input.destroy();
  }
}
