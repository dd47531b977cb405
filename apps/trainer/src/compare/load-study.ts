import { readFileSync } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { type Issue, toIssues } from '../config/issue.js';
import type { Override } from '../config/overrides.js';
import { STUDIES } from '../config/shipped.js';
import { problems, YamlFile } from '../config/yaml-file.js';
import { nearest } from '../nearest.js';
import { UserError } from '../user-error.js';
import type { LocalWeights } from './local-weights.js';
import { type CheckedStudy, studySchema } from './study-schema.js';

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
  /** Files in the place of models that its configs name. */
  weights: LocalWeights;
}

/**
 * Reads a study and checks all of it but the configs that come of it.
 * @throws UserError that names every problem with its place.
 */
export function loadStudy(
  given: string,
  {
    seeds,
    overrides = [],
    weights = new Map(),
  }: { seeds?: number; overrides?: readonly Override[]; weights?: LocalWeights } = {},
): Study {
  const file = STUDIES.find(given);
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
    weights,
  };
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
