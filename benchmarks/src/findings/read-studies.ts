import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { StudyResults } from 'unitsphere/report';
import { FINDINGS } from './findings.js';
import type { StudyFile } from './measure-finding.js';

/**
 * Reads the results of studies: `NAME.json`, and `NAME@IMAGES.json` of the same study on other images, each the results.json
 * of `unitsphere compare`.
 * @throws Error for a file that is no study's, is another's than its name says, is of no finding, or tells where things lie
 *   on the machine it was made on.
 */
export async function readStudies(folder: string): Promise<StudyFile[]> {
  const names = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files: StudyFile[] = [];
  for (const name of names.filter((name) => name.endsWith('.json')).sort()) {
    const results = JSON.parse(await readFile(join(folder, name), 'utf8')) as StudyResults;
    check(name, results);
    files.push({ name: basename(name, '.json'), results });
  }
  return files;
}

function check(file: string, results: StudyResults): void {
  const wrong = (what: string) => new Error(`benchmarks/results/studies/${file} ${what}`);
  const { name, runs, comparisons, data, arms } = results;
  if (![runs, comparisons, data, arms].every(Array.isArray) || typeof name !== 'string') {
    throw wrong('is not the results.json of a study.');
  }
  if (data.some(({ source }) => source === undefined)) {
    throw wrong('does not say of which images it is: write it anew with unitsphere compare STUDY --report.');
  }
  const own = basename(file, '.json').split('@')[0];
  if (own !== name) throw wrong(`is of the study ${name}: call it ${name}.json, or ${name}@IMAGES.json.`);
  const known = new Set(FINDINGS.flatMap(({ claims }) => claims.map(({ study }) => study)));
  if (!known.has(name)) {
    throw wrong(`is of the study ${name}, which no finding asks for (${[...known].join(', ')}).`);
  }
  const path = findString(results, (text) => /^(\/|[A-Za-z]:\\)/.test(text));
  if (path) throw wrong(`holds a path of the machine it was made on: ${path}.`);
}

/** The first text in a tree of JSON that is so. */
function findString(value: unknown, is: (text: string) => boolean): string | undefined {
  if (typeof value === 'string') return is(value) ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const one of Object.values(value)) {
    const found = findString(one, is);
    if (found !== undefined) return found;
  }
  return undefined;
}
