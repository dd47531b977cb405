import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { type Issue, toIssues } from '../config/issue.js';
import type { Override } from '../config/overrides.js';
import { problems, YamlFile } from '../config/yaml-file.js';
import { nearest } from '../nearest.js';
import { UserError } from '../user-error.js';
import { type CheckedStudy, studySchema } from './study-schema.js';

/** The folder of the studies that come with the trainer. */
export const STUDIES = join(
  dirname(createRequire(import.meta.url).resolve('unitsphere/package.json')),
  'studies',
);

/** A study, and where it came from. */
export interface Study extends CheckedStudy {
  /** The file's name without its ending. */
  name: string;
  /** The file as it was given, for messages. */
  file: string;
  baseline: string;
  /** The base config's text, and its path. */
  baseText: string;
  basePath: string;
  /** Settings of the command line, over the study's. */
  overrides: readonly Override[];
}

/**
 * Reads a study and checks all of it but the configs that come of it.
 * @throws UserError that names every problem with its place.
 */
export function loadStudy(
  given: string,
  { seeds, overrides = [] }: { seeds?: number; overrides?: readonly Override[] } = {},
): Study {
  const file = findStudy(given);
  const yaml = YamlFile.parse(readText(file, 'study'), file);
  if (seeds !== undefined) yaml.settings.seeds = seeds;
  const checked = studySchema.safeParse(yaml.settings, { reportInput: true });
  const issues = checked.success ? [...checkStudy(checked.data)] : toIssues(checked.error, studySchema);
  if (issues.length > 0) {
    const origin = (issue: Issue) =>
      seeds !== undefined && issue.path[0] === 'seeds' ? '--seeds' : yaml.where(issue);
    throw problems(
      'the study',
      issues.map((issue) => ({ ...issue, origin: origin(issue) })),
    );
  }
  const study = checked.data!;
  const basePath = resolve(dirname(file), study.base);
  return {
    ...study,
    name: basename(file, extname(file)),
    file,
    baseline: study.baseline ?? study.arms[0].name,
    baseText: readText(basePath, `${file}: base: config`),
    basePath,
    overrides,
  };
}

/** A study's file: as it is given, or one of those that come with the trainer, by its name or `studies/NAME.yaml`. */
function findStudy(given: string): string {
  if (existsSync(given)) return given;
  const ours = readdirSync(STUDIES).filter((name) => name.endsWith('.yaml'));
  const name = `${basename(given, '.yaml')}.yaml`;
  const isOurs = given === basename(given) || dirname(given) === 'studies';
  if (isOurs && ours.includes(name)) return join(STUDIES, name);
  const near = nearest(name, ours);
  const known = ours.map((one) => basename(one, '.yaml')).join(', ');
  throw new UserError(`there is no study ${given}${near ? `; did you mean ${near}?` : ''}`, {
    hint: `Those that come with the trainer: ${known}.`,
  });
}

function* checkStudy(study: CheckedStudy): Generator<Issue> {
  const { arms, data = [], baseline, budget, search, factors } = study;
  yield* checkNames('arms', arms);
  yield* checkNames('data', data);
  const names = arms.map((arm) => arm.name);
  if (baseline !== undefined && !names.includes(baseline)) {
    const near = nearest(baseline, names);
    yield issue(
      ['baseline'],
      `there is no arm "${baseline}"${near ? `; did you mean ${near}?` : ` (${names.join(', ')})`}`,
    );
  }
  for (const [i, arm] of arms.entries()) {
    for (const key of Object.keys(arm.set)) {
      if (factors.some((factor) => key === factor || key.startsWith(`${factor}.`))) continue;
      yield issue(
        ['arms', i, 'set', key],
        `arms may differ in ${factors.join(', ')} only; for all arms alike put it under set, or name it in factors`,
      );
    }
    if (arm.grid && !search) yield issue(['arms', i, 'grid'], 'the study has no search, which says how long');
  }
  if (budget.steps === undefined && budget.seconds === undefined) {
    yield issue(['budget'], 'give steps, seconds, or both');
  }
  if (search && budget.steps !== undefined) {
    for (const [i, arm] of arms.entries()) {
      const spent = search.steps * combinations(arm.grid ?? search.grid).length;
      if (spent < budget.steps) continue;
      yield issue(
        ['arms', i],
        `its search takes ${spent} of the ${budget.steps} steps of its budget, so that nothing is left to train`,
      );
    }
  }
}

function* checkNames(list: 'arms' | 'data', items: readonly { name: string }[]): Generator<Issue> {
  for (const [i, { name }] of items.entries()) {
    if (items.findIndex((other) => other.name === name) === i) continue;
    yield issue([list, i, 'name'], `there already is one called ${name}`);
  }
}

/** Every combination of a grid's values. */
export function combinations(grid: Record<string, readonly unknown[]>): Record<string, unknown>[] {
  return Object.entries(grid).reduce<Record<string, unknown>[]>(
    (all, [key, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [key]: value }))),
    [{}],
  );
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'is not there'
        : code === 'EISDIR'
          ? 'is a folder'
          : `cannot be read: ${(cause as Error).message}`;
    throw new UserError(`the ${what} file ${path} ${why}`, { cause });
  }
}

const issue = (path: (string | number)[], message: string): Issue => ({ path, message });
