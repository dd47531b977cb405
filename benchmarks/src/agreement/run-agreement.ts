import { type Check, GROUPS, type Group, type Outcome, type Place, type Places } from '@unitsphere/contract';
import { describeMachine, type Machine } from '../measure/machine.js';

/** What no backend may be further from cpu, relative, but by its nature. */
export const LIMIT = 1e-4;

/** How far a backend is from cpu at the worst of a subject's shapes and outputs. */
export interface Worst {
  /** The largest absolute difference, and in which check and output. */
  absolute: { value: number; in: string };
  /** The largest difference relative to the largest magnitude of cpu's tensor, and in which check and output. */
  relative: { value: number; in: string };
}

/** An operation, a layer, a loss … on every backend. */
export interface AgreementRow {
  group: Group;
  subject: string;
  /** By the name of the place. */
  places: Record<string, Worst>;
}

/** What `bench agreement` writes. */
export interface AgreementReport {
  benchmark: 'agreement';
  date: string;
  machine: Machine;
  places: { name: string; device: string }[];
  rows: AgreementRow[];
  /** Where a backend computes in lower precision by nature: which, on what, and why. */
  coarse: { subject: string; place: string; why: string }[];
  /** What does not hold. */
  problems: string[];
  absent: Record<string, string>;
}

/** Runs the contract's comparisons with cpu on every backend but cpu. */
export async function runAgreement(
  { present, missing }: Pick<Places, 'present' | 'missing'>,
  checks: readonly Check[],
  say: (message: string) => void = () => undefined,
): Promise<AgreementReport> {
  const compared = present.filter(({ backend }) => backend !== 'cpu');
  const rows = new Map<string, AgreementRow>();
  const coarse: AgreementReport['coarse'] = [];
  const problems: string[] = [];
  for (const place of compared) {
    for (const { name } of checks.filter((check) => 'compute' in check)) {
      say(`${place.name}: ${name}`);
      const outcome = await place.run(name);
      problems.push(...outcome.problems.map((problem) => `${place.name}, ${name}: ${problem}`));
      note(rows, place, outcome);
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

function note(rows: Map<string, AgreementRow>, place: Place, outcome: Outcome): void {
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
