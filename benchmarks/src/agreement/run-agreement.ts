import { type Check, GROUPS, type Group, type Outcome, type Place, type Places } from '@unitsphere/contract';
import { describeMachine, type Machine } from '../measure/machine.js';

/** Maximum relative difference from `cpu`, unless the backend is known to be less precise. */
export const LIMIT = 1e-4;

/** The largest differences of a backend from `cpu` over all shapes and outputs of a subject. */
export interface Worst {
  /** Largest absolute difference, and the check and output where it occurs. */
  absolute: { value: number; in: string };
  /** Largest difference relative to the largest magnitude in the tensor of `cpu`, and where it occurs. */
  relative: { value: number; in: string };
}

/** An operation, layer, loss or training on every backend. */
export interface AgreementRow {
  group: Group;
  subject: string;
  /** Differences by the name of the place: a backend in Node or in a browser. */
  places: Record<string, Worst>;
}

/** The report of `bench agreement`. */
export interface AgreementReport {
  benchmark: 'agreement';
  date: string;
  machine: Machine;
  places: { name: string; device: string }[];
  rows: AgreementRow[];
  /** Subjects that a backend is known to compute less precisely, and the reasons. */
  coarse: { subject: string; place: string; why: string }[];
  /** Descriptions of the failed checks. */
  problems: string[];
  /** Reason why a place is absent, by its name. */
  absent: Record<string, string>;
}

/** Runs the contract's comparisons with `cpu` on every other backend. */
export async function runAgreement(
  { present, missing }: Pick<Places, 'present' | 'missing'>,
  checks: readonly Check[],
  log: (message: string) => void = () => undefined,
): Promise<AgreementReport> {
  const compared = present.filter(({ backend }) => backend !== 'cpu');
  const rows = new Map<string, AgreementRow>();
  const coarse: AgreementReport['coarse'] = [];
  const problems: string[] = [];
  for (const place of compared) {
    for (const { name } of checks.filter((check) => 'compute' in check)) {
      log(`${place.name}: ${name}`);
      const outcome = await place.run(name);
      problems.push(...outcome.problems.map((problem) => `${place.name}, ${name}: ${problem}`));
      addOutcome(rows, place, outcome);
      const { subject, coarse: why, differences } = outcome;
      const above = differences.some(({ relative }) => relative > LIMIT);
      if (why && above && !coarse.some((c) => c.subject === subject && c.place === place.name)) {
        coarse.push({ subject, place: place.name, why });
      }
    }
  }
  return {
    benchmark: 'agreement',
    date: new Date().toISOString(),
    machine: describeMachine(),
    places: compared.map(({ name, device }) => ({ name, device })),
    rows: GROUPS.flatMap((group) => [...rows.values()].filter((row) => row.group === group)),
    coarse,
    problems,
    absent: Object.fromEntries(missing.map(({ name, why }) => [name, why])),
  };
}

/** Adds the places of a report to those of an earlier one, which they replace if they are in both. */
export function joinAgreement(earlier: AgreementReport, report: AgreementReport): AgreementReport {
  const again = new Set(report.places.map(({ name }) => name));
  const rows = new Map(earlier.rows.map((row) => [`${row.group} ${row.subject}`, row]));
  for (const row of report.rows) {
    const key = `${row.group} ${row.subject}`;
    rows.set(key, { ...row, places: { ...rows.get(key)?.places, ...row.places } });
  }
  const ofOthers = (problem: string) => ![...again].some((name) => problem.startsWith(`${name}, `));
  return {
    ...report,
    places: [...earlier.places.filter(({ name }) => !again.has(name)), ...report.places],
    rows: GROUPS.flatMap((group) => [...rows.values()].filter((row) => row.group === group)),
    coarse: [...earlier.coarse.filter(({ place }) => !again.has(place)), ...report.coarse],
    problems: [...earlier.problems.filter(ofOthers), ...report.problems],
    absent: Object.fromEntries(Object.entries(earlier.absent).filter(([name]) => !again.has(name))),
  };
}

function addOutcome(rows: Map<string, AgreementRow>, place: Place, outcome: Outcome): void {
  const { group, subject, name, differences } = outcome;
  const key = `${group} ${subject}`;
  const row = rows.get(key) ?? { group, subject, places: {} };
  rows.set(key, row);
  for (const { output, absolute, relative } of differences) {
    const at = `${name}: ${output}`;
    row.places[place.name] ??= {
      absolute: { value: absolute, in: at },
      relative: { value: relative, in: at },
    };
    const worst = row.places[place.name];
    if (absolute > worst.absolute.value) worst.absolute = { value: absolute, in: at };
    if (relative > worst.relative.value) worst.relative = { value: relative, in: at };
  }
}
