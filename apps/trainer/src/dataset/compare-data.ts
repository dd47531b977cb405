import { shellArgument } from '../shell-argument.js';
import { UserError } from '../user-error.js';
import type { RunData } from './run-data.js';

/** How the data of a run differ from those that it was started with. */
export interface DataChanges {
  /** Names of training identities that are missing, and that are new. */
  readonly missing: readonly string[];
  readonly added: readonly string[];
  /** Pairs of a missing and a new training identity with the same images. */
  readonly renamed: readonly (readonly [from: string, to: string])[];
  /** Names of identities that are held out now, although the run was trained on them or chosen by them. */
  readonly leaked: readonly string[];
  /** Names of training identities whose images differ. */
  readonly changed: readonly string[];
  /** Whether the test identities or their images differ, so that figures before and after are of different pairs. */
  readonly testChanged: boolean;
}

/** Compares the data of a run with those that it was started with. Runs of older versions have no contents of images. */
export function compareData(before: RunData, now: RunData): DataChanges {
  const [was, is] = [new Set(before.train), new Set(now.train)];
  const missing = before.train.filter((name) => !is.has(name));
  const added = now.train.filter((name) => !was.has(name));
  const contentOf = ({ images }: RunData, name: string) =>
    images?.[name]
      ?.map(([, sha256]) => sha256)
      .sort()
      .join();
  const comparable = before.images !== undefined && now.images !== undefined;
  const differs = (name: string) => comparable && contentOf(before, name) !== contentOf(now, name);
  const byContent = new Map(added.map((name) => [contentOf(now, name), name]));
  const renamed = missing.flatMap((name) => {
    const to = byContent.get(contentOf(before, name));
    return comparable && to !== undefined ? [[name, to] as const] : [];
  });
  const selected = new Set([...before.train, ...before.validation]);
  const leaked = [
    ...now.test.filter((name) => selected.has(name)),
    ...now.validation.filter((name) => was.has(name)),
  ];
  const testChanged =
    before.test.length !== now.test.length ||
    before.test.some((name, i) => name !== now.test[i]) ||
    now.test.some(differs);
  return {
    missing,
    added,
    renamed,
    leaked,
    changed: now.train.filter((name) => was.has(name) && differs(name)),
    testChanged,
  };
}

/** @throws UserError if a run cannot be resumed on its changed data: its classes would change, or trained identities be held out. */
export function checkResumable(run: string, { missing, added, renamed, leaked }: DataChanges): void {
  const problems = [
    ...renamed.map(([from, to]) => `"${from}" is now called "${to}"`),
    ...describeNames(
      'the data lack',
      missing.filter((name) => !renamed.some(([from]) => from === name)),
    ),
    ...describeNames(
      'the run does not know',
      added.filter((name) => !renamed.some(([, to]) => to === name)),
    ),
    ...describeNames('the split now holds out', leaked, ', which the run was trained on or chosen by'),
  ];
  if (problems.length === 0) return;
  throw new UserError(
    `the run ${run} cannot be resumed, because its identities changed: ${problems.join('; ')}`,
    {
      hint:
        'Restore the names, the images, the seed and data.split of the run. ' +
        `To train on other identities, start a new run: unitsphere train --grow ${shellArgument(run)}`,
    },
  );
}

/** Describes changes that do not prevent a resume, one line each. */
export function describeChanges({ changed, testChanged }: DataChanges): string[] {
  return [
    ...describeNames('the images differ from those at the start of the run:', changed),
    ...(testChanged ? ['the test identities or their images differ from those at the start of the run'] : []),
  ];
}

function describeNames(what: string, names: readonly string[], then = ''): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? `, … (${names.length} in all)` : '');
  return [`${what} ${shown}${then}`];
}
