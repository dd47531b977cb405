import {
  armRows,
  type Comparison,
  comparisonFigures,
  comparisonTitle,
  type Figure,
  metricLabel,
  POWER_METHOD,
  resolveWords,
  signed,
} from 'unitsphere/report';
import { table } from '../table.js';
import type { Ratio } from './findings.js';
import type { FindingVerdict, MeasuredClaim, MeasuredFinding, StudyFile } from './measure-finding.js';
import { imagesWords, machineWords, runWords, searchWords } from './study-words.js';

/** The folder of the page's plots, beside it. */
const PLOTS = 'findings';

const VERDICTS: Record<FindingVerdict, string> = {
  agrees: 'the same',
  'agrees in part': 'the same in part',
  disagrees: 'otherwise',
  unresolved: 'not resolved',
  'not measured': 'not measured',
};

/** A plot's file in the page's folder of plots. */
export const plotName = ({ name }: StudyFile, { plot }: Figure): string =>
  `${name.replace('@', '-on-')}-${plot.id}.svg`;

/**
 * The page of the nine findings as Markdown. The same results give the same page.
 * @param notes By the findings' numbers.
 */
export function renderFindings(
  findings: readonly MeasuredFinding[],
  notes: ReadonlyMap<number, string>,
): string {
  return `${[
    '# The nine findings, tested',
    '',
    '<!-- Written by npm run bench -- findings from benchmarks/results/studies: change neither by hand. -->',
    '',
    "DocClassifier's authors publish nine lessons, each from one training an arm. Here each is a study of `unitsphere compare`: arms",
    'that differ in one factor, trained with equal budgets and several seeds, on identities that are in no training. `npm run bench --',
    'findings` wrote this page from `benchmarks/results/studies`.',
    '',
    'A claim is judged by a paired t test over seeds, two-sided at 5 %, with Holm’s correction over the claims of a finding. Intervals',
    'are Student’s at 95 %; those of the bootstrap (BCa), which are too short of few seeds, stand beside them.',
    POWER_METHOD,
    '',
    table<MeasuredFinding>(
      [
        { title: '', value: ({ finding }) => String(finding.number) },
        {
          title: 'the reference said',
          value: ({ finding }) => `[${finding.title}](#${anchor(finding)})`,
          align: 'left',
        },
        { title: 'measured', value: ({ verdict }) => VERDICTS[verdict], align: 'left' },
        { title: 'claims confirmed', value: confirmedOf, align: 'right' },
        { title: 'seeds', value: seedsOf },
      ],
      findings,
    ),
    ...findings.map((finding) => findingSection(finding, notes.get(finding.finding.number))),
  ].join('\n')}\n`;
}

/** As GitHub makes one of the heading. */
function anchor({ number, title }: MeasuredFinding['finding']): string {
  const words = title.toLowerCase().replace(/[^\w\- ]/g, '');
  return `${number}-${words.replaceAll(' ', '-')}`;
}

function confirmedOf({ claims }: MeasuredFinding): string {
  return `${claims.filter(({ verdict }) => verdict === 'confirmed').length} of ${claims.length}`;
}

function seedsOf({ claims }: MeasuredFinding): string {
  const seeds = [...new Set(claims.flatMap(({ measured }) => measured?.difference.n ?? []))].sort(
    (a, b) => a - b,
  );
  return seeds.length === 0 ? '–' : [...new Set([seeds[0], seeds.at(-1)])].join('–');
}

function findingSection({ finding, verdict, claims, files }: MeasuredFinding, note?: string): string {
  const missing = [...new Set(claims.flatMap((claim) => (claim.measured ? [] : [claim.claim.study])))].filter(
    (study) => files.every(({ results }) => results.name !== study),
  );
  const ratios = (finding.ratios ?? []).flatMap((ratio) => ratioWords(ratio, files));
  const differs = verdict === 'disagrees' || claims.some((claim) => claim.verdict === 'contradicted');
  return [
    '',
    `## ${finding.number}. ${finding.title}`,
    '',
    `**The reference said:** ${finding.said}`,
    '',
    `**Measured: ${VERDICTS[verdict]}.**`,
    '',
    ...claims.map((claim) => `- ${claimSentence(claim)}`),
    ...ratios.map((words) => `- ${words}`),
    ...missing.map((study) => `- Results are wanted of \`unitsphere compare ${study}\`.`),
    ...(note
      ? ['', `**${differs ? 'Why we think so' : 'What we make of it'}:** ${note}`]
      : differs
        ? ['', 'Why it comes out otherwise here is not known.']
        : []),
    ...files.flatMap((file) => file.results.comparisons.map((comparison) => studySection(file, comparison))),
  ].join('\n');
}

/** What was measured of a claim, a sentence; and how sure it is. */
function claimSentence({ id, claim, verdict, seeds, measured }: MeasuredClaim): string {
  if (!measured) return `${id}: **not measured**${seeds === 1 ? ', for only one seed has both' : ''}.`;
  const { file, difference, adjustedPValue, heldOut } = measured;
  const { mean, interval, bootstrap, n, seedsToResolve } = difference;
  const label = (name: string) => file.results.arms.find((arm) => arm.name === name)!.label;
  const range = ({ low, high }: { low: number; high: number }) => `${signed(low)} to ${signed(high)}`;
  const figures = `${signed(mean)} in ${metricLabel(file.results.metric)}, ${range(interval!)}, bootstrap ${range(bootstrap!.bca)}, ${n} seeds, p = ${pValue(adjustedPValue)}`;
  const than = `${label(claim.arm)} against ${label(claim.than)}`;
  if (verdict === 'unresolved') {
    return `${id}: ${than} **is not resolved**: ${figures}; ${resolveWords(seedsToResolve, heldOut)}.`;
  }
  const better = mean > 0 ? 'better' : 'worse';
  return `${id}: **${verdict}**. ${label(claim.arm)} is ${better} than ${label(claim.than)}: ${figures}.`;
}

const pValue = (p: number) => (p < 0.001 ? '< 0.001' : p.toFixed(3));

function ratioWords({ study, arm, than, of }: Ratio, files: readonly StudyFile[]): string[] {
  return files.flatMap(({ name, results }) => {
    if (results.name !== study) return [];
    const mean = (wanted: string) => {
      const values = results.runs.flatMap((run) =>
        run.arm === wanted && run.figures ? [run.figures[of]] : [],
      );
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    const ratio = mean(arm) / mean(than);
    if (!Number.isFinite(ratio)) return [];
    const label = (wanted: string) => results.arms.find((one) => one.name === wanted)!.label;
    const what = of === 'modelBytes' ? 'the size' : 'the images a second in training';
    return [`${name}: ${label(arm)} has ${ratio.toFixed(2)} times ${what} of ${label(than)}.`];
  });
}

/** The figures of a study on one set of images under one budget, on what they were measured, and their plots. */
function studySection(file: StudyFile, comparison: Comparison): string {
  const { results } = file;
  const { head, rows } = armRows(results, comparison);
  const several = results.comparisons.length > 1 ? `: ${comparisonTitle(results, comparison)}` : '';
  const columns = head.map((title, i) => ({
    title,
    value: (row: string[]) => row[i],
    align: i === 0 ? ('left' as const) : ('right' as const),
  }));
  const plots = comparisonFigures(results, comparison).map(
    (figure) => `![${figure.title}, ${results.title}](${PLOTS}/${plotName(file, figure)})`,
  );
  return [
    '',
    `### ${results.title}${several}`,
    '',
    `*${results.question}*`,
    '',
    `\`${file.name}\`: ${imagesWords(results, comparison)} ${runWords(results, comparison)}`,
    ...[searchWords(results)].filter(Boolean),
    machineWords(results),
    '',
    `${metricLabel(results.metric)}, held out:`,
    '',
    table(columns, rows),
    '',
    ...plots,
  ].join('\n');
}
