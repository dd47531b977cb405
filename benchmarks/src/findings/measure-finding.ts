import {
  correctForMultipleTests,
  type PairedDifference,
  pairedDifference,
} from '@unitsphere/verification/statistics';
import type { Comparison, StudyResults, StudyRunFigures } from 'unitsphere/report';
import type { Claim, Finding } from './findings.js';

/** The results of a study, and the name of their file without its extension. */
export interface StudyFile {
  name: string;
  results: StudyResults;
}

/**
 * The verdict on a claim. `unresolved` means that the data do not resolve the difference, and `not measured` that fewer than
 * two seeds have both arms.
 */
export type ClaimVerdict = 'confirmed' | 'contradicted' | 'unresolved' | 'not measured';

/** A claim on one set of images and under one budget. */
export interface MeasuredClaim {
  /** File and arms, such as `norms: ln > bn`, with the images and the budget if the study has several. */
  id: string;
  claim: Claim;
  verdict: ClaimVerdict;
  /** Number of seeds that both arms have. */
  seeds: number;
  /** The measured difference. Undefined for fewer than two seeds. */
  measured?: {
    file: StudyFile;
    comparison: Comparison;
    /** Paired difference between the arms: `arm` minus `than`. */
    difference: PairedDifference;
    /** p-value of the paired t test after Holm's correction over the claims of the finding. */
    adjustedPValue: number;
    /** Mean number of held-out identities of a run. */
    heldOut: number;
  };
}

/** The verdict on a finding. */
export type FindingVerdict = 'agrees' | 'agrees in part' | 'disagrees' | 'unresolved' | 'not measured';

/** A finding with the measurements of its claims. */
export interface MeasuredFinding {
  finding: Finding;
  verdict: FindingVerdict;
  claims: MeasuredClaim[];
  /** Files of the studies, in the order of the claims. */
  files: StudyFile[];
}

const LEVEL = 0.05;

/**
 * Tests the claims of a finding on the results of its studies, with paired t tests over the seeds that both arms have and
 * Holm's correction over all claims of the finding.
 * @throws Error if a study lacks an arm of a claim.
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
  for (const one of claims) one.verdict = judgeClaim(one);
  const studies = [...new Set(finding.claims.map(({ study }) => study))];
  return {
    finding,
    verdict: judgeFinding(claims.map(({ verdict }) => verdict)),
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
      const [ours, theirs] = [arm, than].map((name) => findFigures(file, comparison, name));
      const pairs = [...ours].flatMap(([seed, { value }]) => {
        const other = theirs.get(seed);
        return other ? [{ arm: value, than: other.value }] : [];
      });
      const seeds = pairs.length;
      if (seeds < 2) return { id, claim, verdict: 'not measured', seeds };
      const difference = pairedDifference(
        pairs.map((pair) => pair.than),
        pairs.map((pair) => pair.arm),
      );
      const counts = [...ours.values(), ...theirs.values()].map(({ heldOut }) => heldOut.identities ?? 0);
      const heldOut = Math.round(counts.reduce((sum, one) => sum + one, 0) / counts.length);
      return {
        id,
        claim,
        verdict: 'unresolved',
        seeds,
        measured: { file, comparison, difference, adjustedPValue: Number.NaN, heldOut },
      };
    }),
  );
}

/** Returns the figures of the runs of an arm by their seeds. */
function findFigures(
  { name: file, results }: StudyFile,
  { data, budget }: Comparison,
  name: string,
): Map<number, StudyRunFigures> {
  if (!results.arms.some((arm) => arm.name === name)) {
    const known = results.arms.map((arm) => arm.name).join(', ');
    throw new Error(`${file}.json has no arm "${name}", which a finding requires. Its arms are ${known}.`);
  }
  return new Map(
    results.runs.flatMap((run) =>
      run.arm === name && run.data === data && run.budget === budget && run.figures
        ? [[run.seed, run.figures] as const]
        : [],
    ),
  );
}

function judgeClaim({ measured }: MeasuredClaim): ClaimVerdict {
  if (!measured) return 'not measured';
  if (measured.adjustedPValue > LEVEL) return 'unresolved';
  return measured.difference.mean > 0 ? 'confirmed' : 'contradicted';
}

function judgeFinding(verdicts: ClaimVerdict[]): FindingVerdict {
  const has = (verdict: ClaimVerdict) => verdicts.includes(verdict);
  if (verdicts.every((verdict) => verdict === 'not measured')) return 'not measured';
  if (verdicts.every((verdict) => verdict === 'confirmed')) return 'agrees';
  if (has('confirmed')) return 'agrees in part';
  return has('contradicted') ? 'disagrees' : 'unresolved';
}
