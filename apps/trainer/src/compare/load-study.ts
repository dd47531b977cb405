import { readFileSync } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { type Issue, toIssues } from '../config/issue.js';
import type { Override } from '../config/overrides.js';
import { STUDIES } from '../config/shipped.js';
import { toUserError, YamlFile } from '../config/yaml-file.js';
import { nearest } from '../nearest.js';
import { UserError } from '../user-error.js';
import type { LocalWeights } from './local-weights.js';
import { type CheckedStudy, studySchema } from './study-schema.js';

/** Candidates of a search. Each is a training of every arm and seed. */
const MAX_CANDIDATES = 10_000;

/** A study and its origin. */
export interface Study extends CheckedStudy {
  /** Name of the file without its extension. */
  name: string;
  /** Path of the file, for messages. */
  file: string;
  baseline: string;
  /** Text of the base config. */
  baseText: string;
  basePath: string;
  /** Settings of the command line, which replace those of the study. */
  overrides: readonly Override[];
  /** Local files that replace models of its configs. */
  weights: LocalWeights;
}

/**
 * Reads and validates a study, except for the resulting configs; `planStudy` validates those.
 * @throws UserError that lists every problem with its position.
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
  const yaml = YamlFile.parse(readText(file, 'the study'), file);
  if (seeds !== undefined) yaml.settings.seeds = seeds;
  const checked = studySchema.safeParse(yaml.settings, { reportInput: true });
  const issues = checked.success ? [...checkStudy(checked.data)] : toIssues(checked.error, studySchema);
  if (!checked.success || issues.length > 0) {
    const origin = (issue: Issue) =>
      seeds !== undefined && issue.path[0] === 'seeds' ? '--seeds' : yaml.where(issue);
    throw toUserError(
      'the study',
      issues.map((issue) => ({ ...issue, origin: origin(issue) })),
    );
  }
  const study = checked.data;
  const basePath = resolve(dirname(file), study.base);
  return {
    ...study,
    name: basename(file, extname(file)),
    file,
    baseline: study.baseline ?? study.arms[0].name,
    baseText: readText(basePath, `${file}: base: the config`),
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
        `arms may only differ in ${factors.join(', ')}; move this setting to the study's set, or add it to factors`,
      );
    }
    if (arm.grid && !search) yield issue(['arms', i, 'grid'], 'requires a search section with steps');
  }
  if (budget.steps === undefined && budget.seconds === undefined) {
    yield issue(['budget'], 'give steps, seconds, or both');
  }
  let isTooLarge = false;
  for (const [path, grid] of gridsOf(study)) {
    const count = countCombinations(grid);
    if (count <= MAX_CANDIDATES) continue;
    isTooLarge = true;
    yield issue(
      path,
      `has ${count.toLocaleString('en')} combinations, but at most ${MAX_CANDIDATES.toLocaleString('en')} are possible; use fewer values or keys`,
    );
  }
  if (search && !isTooLarge && budget.steps !== undefined) {
    for (const [i, arm] of arms.entries()) {
      const spent = search.steps * countCombinations(arm.grid ?? search.grid);
      if (spent < budget.steps) continue;
      yield issue(
        ['arms', i],
        `its search takes ${spent} of the ${budget.steps} steps of the budget and leaves none for training; lower search.steps or use fewer candidates`,
      );
    }
  }
}

function* checkNames(list: 'arms' | 'data', items: readonly { name: string }[]): Generator<Issue> {
  for (const [i, { name }] of items.entries()) {
    if (items.findIndex((other) => other.name === name) === i) continue;
    yield issue([list, i, 'name'], `the name ${name} is already used; choose another`);
  }
}

/** Returns the grids of a study with their paths. */
function* gridsOf({
  search,
  arms,
}: CheckedStudy): Generator<[(string | number)[], Record<string, unknown[]>]> {
  if (search) yield [['search', 'grid'], search.grid];
  for (const [i, { grid }] of arms.entries()) if (grid) yield [['arms', i, 'grid'], grid];
}

/** Returns the number of combinations of a grid's values, without listing them. */
const countCombinations = (grid: Record<string, readonly unknown[]>): number =>
  Object.values(grid).reduce((count, values) => count * values.length, 1);

/** Lists every combination of a grid's values. */
export function combineGrid(grid: Record<string, readonly unknown[]>): Record<string, unknown>[] {
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
    const problem =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EISDIR'
          ? 'is a folder'
          : `cannot be read: ${(cause as Error).message}`;
    throw new UserError(`${what} file ${path} ${problem}`, { cause });
  }
}

const issue = (path: (string | number)[], message: string): Issue => ({ path, message });
