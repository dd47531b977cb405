import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StudyResults } from 'unitsphere/report';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FINDINGS } from '../src/findings/findings.js';
import { measureFinding } from '../src/findings/measure-finding.js';
import type { Note } from '../src/findings/notes.js';
import { runFindings } from '../src/findings/run-findings.js';
import { resolveRepositoryFile } from '../src/measure/repository-file.js';
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

/** Returns the section of a finding. */
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
  test('contains every finding, measured or not, with figures, data, intervals and plots', async () => {
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

  test('marks findings without results as not measured, and says how to measure them', async () => {
    const page = await write({});
    for (const { number } of FINDINGS) {
      expect(section(page, number)).toContain('**Our result: not measured.**');
      expect(section(page, number)).toContain('To measure it, run `unitsphere compare ');
    }
  });

  test('says how many seeds would resolve an unresolved claim', async () => {
    const page = await write({ norms, 'norms-faces': faces });
    // Differences −0.04, 0.06 and 0.02: mean 0.0133, standard deviation 0.0503.
    expect(section(page, 4)).toMatch(
      /`norms-faces: bn > ln`: \*\*unresolved\*\*\. “BN” minus “LN” is \+0\.013 in TPR at FPR 1e-3 \(.*; 3 seeds; p = 0\.\d+\)\. A difference of this size would take about 138 seeds, each with 101 held-out identities \(80 % power\)\./,
    );
    expect(section(page, 4)).toContain('**Our result: partly confirmed.**');
  });

  test('counts runs that diverged, and marks a contradicted finding without an explanation', async () => {
    const page = await write({
      pretrained: fakeStudy('pretrained', {
        scratch: [0.5, 0.52, 0.51, 0.53],
        pretrained: [0.3, 0.33, 0.29, null],
      }),
    });
    expect(section(page, 6)).toContain('**Our result: contradicted.**');
    expect(section(page, 6)).toContain('7 of 8 finished, 4 seeds per arm, 1 diverged.');
    expect(section(page, 6)).toContain('We do not know why our result differs.');
  });

  test('shows a note with the verdicts it was written for, and refuses it with others', async () => {
    const page = await write({ norms, 'norms-faces': faces }, [normsNote]);
    expect(section(page, 4)).toContain('**Interpretation:** Because it is so.');
    const before = await readFile(join(folder, 'findings.md'), 'utf8');
    const other = fakeStudy('norms-faces', { ln: [0.5, 0.6, 0.55], bn: [0.3, 0.41, 0.35] });
    await expect(write({ 'norms-faces': other }, [normsNote])).rejects.toThrow(
      'The note of finding 4 in benchmarks/src/findings/notes.ts was written for other results. Check whether its text still holds, and update its writtenFor:\n  "norms-faces: bn > ln": written for "unresolved", now "contradicted"',
    );
    // A second set of images adds a claim.
    await expect(write({ 'norms-faces': faces, 'norms@cards': norms }, [normsNote])).rejects.toThrow(
      '"norms@cards: ln > bn": written for "no verdict", now "confirmed"',
    );
    await expect(write({}, [normsNote, normsNote])).rejects.toThrow('"norms@cards');
    expect(await readFile(join(folder, 'findings.md'), 'utf8')).toBe(before);
  });

  test.each<[string, string, object, string]>([
    [
      'that no finding uses',
      'other',
      fakeStudy('other', { a: [1, 2], b: [1, 2] }),
      'contains the study other, which no finding uses',
    ],
    ['of another study', 'norms', faces, 'contains the study norms-faces. Rename it to norms-faces.json'],
    ['without results', 'norms', { name: 'norms' }, 'is not the results.json of a study'],
    [
      'that does not name its images',
      'norms',
      { ...norms, data: [{ name: 'data', label: 'data' }] },
      'unitsphere compare STUDY --report',
    ],
    [
      'that contains a path of the machine',
      'norms',
      { ...norms, arms: [{ name: 'ln', label: 'LN', set: { 'model.pretrained': '/home/me/a.pth' } }] },
      'contains a path of the machine it was written on: /home/me/a.pth',
    ],
    [
      'that lacks an arm',
      'norms',
      fakeStudy('norms', { ln: [1, 2], other: [1, 2] }),
      'norms.json has no arm "bn", which a finding requires. Its arms are ln, other',
    ],
  ])('refuses a result file %s', async (_, name, results, message) => {
    await expect(write({ [name]: results as StudyResults })).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual(['studies']);
  });

  test('corrects for the number of claims of a finding', () => {
    // p is 0.036 for one claim. Corrected for two claims, it is above 5 %.
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

test('the committed page is the output of the command for the committed results', async () => {
  const at = (path: string) => resolveRepositoryFile(`benchmarks/${path}`);
  const page = join(folder, 'findings.md');
  await runFindings({ studies: at('results/studies'), page, plots: join(folder, 'plots') });
  expect(await readFile(page, 'utf8')).toBe(await readFile(at('findings.md'), 'utf8'));
});

describe('the findings', () => {
  test.each(
    FINDINGS.flatMap(({ claims }) => claims.map(({ study, arm, than }) => [study, arm, than] as const)),
  )('use arms that the study %s has: %s, %s', async (study, ...arms) => {
    const file = resolveRepositoryFile(`apps/trainer/studies/${study}.yaml`);
    const known = [...(await readFile(file, 'utf8')).matchAll(/- (?:\{ )?name: ([\w-]+)/g)].map(
      ([, name]) => name,
    );
    for (const arm of arms) expect(known).toContain(arm);
  });
});
