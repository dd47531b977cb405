import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { StudyResults } from 'unitsphere/report';
import { FINDINGS } from './findings.js';
import type { StudyFile } from './measure-finding.js';

/**
 * Reads the results of studies. Each file is a `results.json` of `unitsphere compare`: `NAME.json`, or `NAME@IMAGES.json` for
 * the same study on other images.
 * @throws Error if a file is not a result of a study, belongs to another study than its name says or to no finding, or
 *   contains a path of the machine it was written on.
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
  const fail = (problem: string) => new Error(`benchmarks/results/studies/${file} ${problem}`);
  const { name, runs, comparisons, data, arms } = results;
  if (![runs, comparisons, data, arms].every(Array.isArray) || typeof name !== 'string') {
    throw fail('is not the results.json of a study.');
  }
  if (data.some(({ source }) => source === undefined)) {
    throw fail('does not name its images. Write it again with unitsphere compare STUDY --report.');
  }
  const own = basename(file, '.json').split('@')[0];
  if (own !== name) {
    throw fail(`contains the study ${name}. Rename it to ${name}.json or ${name}@IMAGES.json.`);
  }
  const known = new Set(FINDINGS.flatMap(({ claims }) => claims.map(({ study }) => study)));
  if (!known.has(name)) {
    throw fail(`contains the study ${name}, which no finding uses. Known studies: ${[...known].join(', ')}.`);
  }
  const path = findString(results, (text) => /^(\/|[A-Za-z]:\\)/.test(text));
  if (path) throw fail(`contains a path of the machine it was written on: ${path}. Remove it.`);
}

/** Finds the first string in a JSON value that satisfies a predicate. */
function findString(value: unknown, matches: (text: string) => boolean): string | undefined {
  if (typeof value === 'string') return matches(value) ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const one of Object.values(value)) {
    const found = findString(one, matches);
    if (found !== undefined) return found;
  }
  return undefined;
}
