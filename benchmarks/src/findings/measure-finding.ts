import {
  correctForMultipleTests,
  type PairedDifference,
  pairedDifference,
} from '@unitsphere/verification/statistics';
import type { Comparison, StudyResults, StudyRun } from 'unitsphere/report';
import type { Claim, Finding } from './findings.js';

/** A study's results, under the name of the file that they are in. */
export interface StudyFile {
  name: string;
  results: StudyResults;
}

/**
 * What was measured says of a claim: that it is so, that the opposite is, that the data do not tell, or nothing, where
 * fewer than two seeds have both arms.
 */
export type ClaimVerdict = 'confirmed' | 'contradicted' | 'unresolved' | 'not measured';

/** A claim on one set of images and under one budget. */
export interface MeasuredClaim {
  /** Of the file, the arms and, where the study has several, the images and the budget: `norms: ln > bn`. */
  id: string;
  claim: Claim;
  verdict: ClaimVerdict;
  /** Seeds that both arms have. */
  seeds: number;
  /** Undefined where there are fewer than two of them. */
  measured?: {
    file: StudyFile;
    comparison: Comparison;
    /** The arm less the other, by seed. */
    difference: PairedDifference;
    /** Of the paired t test, after Holm's correction over the finding's claims. */
    adjustedPValue: number;
    /** Identities that a run holds out, on average. */
    heldOut: number;
  };
}

/** What the claims of a finding amount to. */
export type FindingVerdict = 'agrees' | 'agrees in part' | 'disagrees' | 'unresolved' | 'not measured';

/** A finding beside what was measured. */
export interface MeasuredFinding {
  finding: Finding;
  verdict: FindingVerdict;
  claims: MeasuredClaim[];
  /** Files of its studies, in the order of the claims. */
  files: StudyFile[];
}

const LEVEL = 0.05;

/**
 * Holds a finding's claims against the results of its studies: paired t tests over the seeds that both arms have, with
 * Holm's correction over all of the finding's claims.
 * @throws Error where a study has no arm of a claim.
 */
export function measureFinding(finding: Finding, files: readonly StudyFile[]): MeasuredFinding {
  const claims = finding.claims.flatMap((claim) => measureClaim(claim, files));
  const tested = claims.flatMap(({ measured }) => (measured ? [measured] : []));
  const corrected = correctForMultipleTests(
    tested.map(({ difference }) => difference),
    { confidence: 1 - LEVEL },
  );
  tested.forEach((measured, i) => {
    Object.assign(measured, corrected[i]);
  });
  for (const one of claims) one.verdict = verdictOf(one);
  const studies = [...new Set(finding.claims.map(({ study }) => study))];
  return {
    finding,
    verdict: findingVerdict(claims.map(({ verdict }) => verdict)),
    claims,
    files: studies.flatMap((study) => files.filter(({ results }) => results.name === study)),
  };
}

function measureClaim(claim: Claim, files: readonly StudyFile[]): MeasuredClaim[] {
  const { study, arm, than } = claim;
  const words = `${arm} ${claim.says === 'better' ? '>' : '≥'} ${than}`;
  const own = files.filter(({ results }) => results.name === study);
  if (own.length === 0) return [{ id: `${study}: ${words}`, claim, verdict: 'not measured', seeds: 0 }];
  return own.flatMap((file) =>
    file.results.comparisons.map((comparison): MeasuredClaim => {
      const { data, budget } = comparison;
      const { results } = file;
      const parts = [
        ...(results.data.length > 1 ? [data] : []),
        ...(results.budget.steps !== undefined && results.budget.seconds !== undefined ? [budget] : []),
      ];
      const id = `${file.name}${parts.map((part) => `, ${part}`).join('')}: ${words}`;
      const [ours, theirs] = [arm, than].map((name) => runsOf(file, comparison, name));
      const seeds = ours.flatMap(({ seed }) => (theirs.some((run) => run.seed === seed) ? [seed] : []));
      if (seeds.length < 2) return { id, claim, verdict: 'not measured', seeds: seeds.length };
      const values = (runs: StudyRun[]) =>
        seeds.map((seed) => runs.find((run) => run.seed === seed)!.figures!.value);
      const difference = pairedDifference(values(theirs), values(ours));
      const counts = [...ours, ...theirs].map(({ figures }) => figures!.heldOut.identities ?? 0);
      const heldOut = Math.round(counts.reduce((sum, one) => sum + one, 0) / counts.length);
      return {
        id,
        claim,
        verdict: 'unresolved',
        seeds: seeds.length,
        measured: { file, comparison, difference, adjustedPValue: Number.NaN, heldOut },
      };
    }),
  );
}

/** Runs of an arm that have figures. */
function runsOf({ name: file, results }: StudyFile, { data, budget }: Comparison, name: string): StudyRun[] {
  if (!results.arms.some((arm) => arm.name === name)) {
    const known = results.arms.map((arm) => arm.name).join(', ');
    throw new Error(`${file}.json has no arm ${name}, which the findings ask for; it has ${known}.`);
  }
  return results.runs.filter(
    (run) => run.arm === name && run.data === data && run.budget === budget && run.figures,
  );
}

function verdictOf({ measured }: MeasuredClaim): ClaimVerdict {
  if (!measured) return 'not measured';
  if (measured.adjustedPValue > LEVEL) return 'unresolved';
  return measured.difference.mean > 0 ? 'confirmed' : 'contradicted';
}

function findingVerdict(verdicts: ClaimVerdict[]): FindingVerdict {
  const has = (verdict: ClaimVerdict) => verdicts.includes(verdict);
  if (verdicts.every((verdict) => verdict === 'not measured')) return 'not measured';
  if (verdicts.every((verdict) => verdict === 'confirmed')) return 'agrees';
  if (has('confirmed')) return 'agrees in part';
  return has('contradicted') ? 'disagrees' : 'unresolved';
}
