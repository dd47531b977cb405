import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StudyResults } from 'unitsphere/report';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FINDINGS } from '../src/findings/findings.js';
import { measureFinding } from '../src/findings/measure-finding.js';
import type { Note } from '../src/findings/notes.js';
import { runFindings } from '../src/findings/run-findings.js';
import { repositoryFile } from '../src/measure/repository-file.js';
import { fakeStudy } from './fake-study.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'findings-'));
  await mkdir(join(folder, 'studies'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(studies: Record<string, StudyResults>, notes: Note[] = []): Promise<string> {
  for (const [name, results] of Object.entries(studies)) {
    await writeFile(join(folder, 'studies', `${name}.json`), JSON.stringify(results));
  }
  const paths = {
    studies: join(folder, 'studies'),
    page: join(folder, 'findings.md'),
    plots: join(folder, 'plots'),
  };
  await runFindings(paths, notes);
  return readFile(paths.page, 'utf8');
}

/** The part of the page about a finding. */
const section = (page: string, number: number) =>
  page.slice(page.indexOf(`\n## ${number}. `), page.indexOf(`\n## ${number + 1}. `) >>> 0);

const norms = fakeStudy('norms', { ln: [0.5, 0.61, 0.55], bn: [0.4, 0.505, 0.46], 'ln-bn': [0.7, 0.6, 0.5] });
const faces = fakeStudy('norms-faces', { ln: [0.5, 0.6, 0.55], bn: [0.46, 0.66, 0.57] });
const normsNote: Note = {
  finding: 4,
  writtenFor: { 'norms: ln > bn': 'confirmed', 'norms-faces: bn > ln': 'unresolved' },
  text: 'Because it is so.',
};

describe('the page of findings', () => {
  test('has every finding, measured or not, with figures, data, certainty and plots', async () => {
    const page = await write({
      norms,
      'norms-faces': faces,
      'norms@cards': { ...fakeStudy('norms', { ln: [0.5, 0.6], bn: [0.45, null] }), jobs: 1 },
      pretrained: fakeStudy('pretrained', { scratch: [0.5, 0.52, 0.51], pretrained: [0.3, 0.33, 0.29] }),
    });
    await expect(page).toMatchFileSnapshot('__snapshots__/findings.txt');
    for (const { title } of FINDINGS) expect(page).toContain(`. ${title}\n`);
    const plots = await readdir(join(folder, 'plots'));
    const shown = [...page.matchAll(/\(findings\/([^)]+\.svg)\)/g)].map(([, name]) => name);
    expect(shown.sort()).toEqual(plots.sort());
    expect(plots).toContain('norms-on-cards-roc-data-steps.svg');
  });

  test('names findings without a result as not measured', async () => {
    const page = await write({});
    for (const { number } of FINDINGS) {
      expect(section(page, number)).toContain('**Measured: not measured.**');
      expect(section(page, number)).toContain('Results are wanted of `unitsphere compare ');
    }
  });

  test('says of an unresolved claim what would resolve it', async () => {
    const page = await write({ norms, 'norms-faces': faces });
    // Differences -0.04, 0.06 and 0.02: mean 0.0133, deviation 0.0503.
    expect(section(page, 4)).toMatch(
      /norms-faces: bn > ln: BN against LN \*\*is not resolved\*\*: \+0\.013 in TPR at FPR 1e-3, .*, 3 seeds, p = 0\.\d+; a difference of this size would take about 138 seeds, each with 101 identities held out \(80 % power\)\./,
    );
    expect(section(page, 4)).toContain('**Measured: the same in part.**');
  });

  test('tells runs that diverged, and what a finding that contradicts lacks', async () => {
    const page = await write({
      pretrained: fakeStudy('pretrained', {
        scratch: [0.5, 0.52, 0.51, 0.53],
        pretrained: [0.3, 0.33, 0.29, null],
      }),
    });
    expect(section(page, 6)).toContain('**Measured: otherwise.**');
    expect(section(page, 6)).toContain('7 of 8 trainings, 4 seeds an arm; 1 diverged.');
    expect(section(page, 6)).toContain('Why it comes out otherwise here is not known.');
  });

  test('shows a note beside the verdicts it was written for, and refuses it beside others', async () => {
    const page = await write({ norms, 'norms-faces': faces }, [normsNote]);
    expect(section(page, 4)).toContain('**What we make of it:** Because it is so.');
    const before = await readFile(join(folder, 'findings.md'), 'utf8');
    const other = fakeStudy('norms-faces', { ln: [0.5, 0.6, 0.55], bn: [0.3, 0.41, 0.35] });
    await expect(write({ 'norms-faces': other }, [normsNote])).rejects.toThrow(
      'the note of finding 4 in benchmarks/src/findings/notes.ts was written for other results than these. Look whether it still holds, and change its writtenFor:\n  "norms-faces: bn > ln": written for unresolved, now contradicted',
    );
    // Another set of images is another claim.
    await expect(write({ 'norms-faces': faces, 'norms@cards': norms }, [normsNote])).rejects.toThrow(
      '"norms@cards: ln > bn": written for nothing, now confirmed',
    );
    await expect(write({}, [normsNote, normsNote])).rejects.toThrow('"norms@cards');
    expect(await readFile(join(folder, 'findings.md'), 'utf8')).toBe(before);
  });

  test.each<[string, string, object, string]>([
    ['of no finding', 'other', fakeStudy('other', { a: [1, 2], b: [1, 2] }), 'which no finding asks for'],
    ['of another study', 'norms', faces, 'is of the study norms-faces: call it norms-faces.json'],
    ['that is none', 'norms', { name: 'norms' }, 'is not the results.json of a study'],
    [
      'that does not say what it is of',
      'norms',
      { ...norms, data: [{ name: 'data', label: 'data' }] },
      'unitsphere compare STUDY --report',
    ],
    [
      'that tells of the machine',
      'norms',
      { ...norms, arms: [{ name: 'ln', label: 'LN', set: { 'model.pretrained': '/home/me/a.pth' } }] },
      'holds a path of the machine it was made on: /home/me/a.pth',
    ],
    [
      'without an arm',
      'norms',
      fakeStudy('norms', { ln: [1, 2], other: [1, 2] }),
      'norms.json has no arm bn, which the findings ask for; it has ln, other',
    ],
  ])('refuses a result file %s', async (_, name, results, message) => {
    await expect(write({ [name]: results as StudyResults })).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual(['studies']);
  });

  test('corrects for the number of claims of a finding', () => {
    // p = 0.036 by itself, which of two claims is no longer below 5 %.
    const ours = fakeStudy('norms', { ln: [0.5, 0.6, 0.55], bn: [0.48, 0.57, 0.51] });
    const [four] = FINDINGS.filter(({ number }) => number === 4);
    const alone = measureFinding(four, [{ name: 'norms', results: ours }]);
    expect(alone.claims[0].verdict).toBe('confirmed');
    const both = measureFinding(four, [
      { name: 'norms', results: ours },
      { name: 'norms-faces', results: faces },
    ]);
    expect(both.claims[0].measured!.adjustedPValue).toBeCloseTo(
      2 * alone.claims[0].measured!.adjustedPValue,
      10,
    );
    expect(both.claims[0].verdict).toBe('unresolved');
  });
});

test('the committed page is what the command writes of the committed results', async () => {
  const at = (path: string) => repositoryFile(`benchmarks/${path}`);
  const page = join(folder, 'findings.md');
  await runFindings({ studies: at('results/studies'), page, plots: join(folder, 'plots') });
  expect(await readFile(page, 'utf8')).toBe(await readFile(at('findings.md'), 'utf8'));
});

describe('the findings', () => {
  test.each(
    FINDINGS.flatMap(({ claims }) => claims.map(({ study, arm, than }) => [study, arm, than] as const)),
  )('ask %s for arms it has: %s, %s', async (study, ...arms) => {
    const file = repositoryFile(`apps/trainer/studies/${study}.yaml`);
    const known = [...(await readFile(file, 'utf8')).matchAll(/- (?:\{ )?name: ([\w-]+)/g)].map(
      ([, name]) => name,
    );
    for (const arm of arms) expect(known).toContain(arm);
  });
});
