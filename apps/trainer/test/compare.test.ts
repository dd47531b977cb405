import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareArms } from '@unitsphere/verification/statistics';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { compare, formatStudy } from '../src/commands/compare.js';
import type { Work } from '../src/commands/work.js';
import { collectStudy } from '../src/compare/collect-study.js';
import { describeVerdict } from '../src/compare/describe-verdict.js';
import { loadStudy, type Study } from '../src/compare/load-study.js';
import { nameLocalWeights, parseLocalWeights } from '../src/compare/local-weights.js';
import { planStudy } from '../src/compare/plan-study.js';
import { renderStudy } from '../src/compare/render-study.js';
import { runStudy, type StudyListener } from '../src/compare/run-study.js';
import { studyFigures } from '../src/compare/study-plots.js';
import { ROC_FPRS, type StudyResults } from '../src/compare/study-results.js';
import { armRows } from '../src/compare/study-rows.js';
import { trainInChild } from '../src/compare/train-in-child.js';
import { parseConfig } from '../src/config/parse-config.js';
import { STUDIES } from '../src/config/shipped.js';
import { drawPlotFiles } from '../src/plot-files/draw-plot-files.js';
import { UserError } from '../src/user-error.js';
import { bundleFixture } from './fixtures/bundle.js';
import { useTemporaryFolder } from './fixtures/temporary-folder.js';

const folder = useTemporaryFolder();
let childFile: string;
beforeAll(() => {
  childFile = bundleFixture('fake-study-child');
});

const log = () => join(folder(), 'log');
beforeEach(() => {
  process.env.FAKE_STUDY_LOG = log();
});
const readLog = (): string[] => (existsSync(log()) ? readFileSync(log(), 'utf8').trim().split('\n') : []);

const STUDY = `
title: Norms
question: Which norm?
reference: Both.
base: base.yaml
factors: [model.norm]
arms:
  - { name: ln, label: LayerNorm, set: { model.norm: layernorm } }
  - { name: bn, label: BatchNorm, set: { model.norm: batchnorm } }
budget: { steps: 100 }
`;

function study(text = STUDY, options?: Parameters<typeof loadStudy>[1], base = ''): Study {
  writeFileSync(join(folder(), 'base.yaml'), base);
  writeFileSync(join(folder(), 'norms.yaml'), text);
  return loadStudy(join(folder(), 'norms.yaml'), options);
}

function complaint(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message.replaceAll(`${folder()}/`, '');
  }
  return 'no error';
}

const silent: StudyListener = { started: () => {}, reply: () => {}, waiting: () => {}, done: () => {} };

async function runAll(study: Study, options: Partial<Parameters<typeof runStudy>[0]> = {}) {
  const directory = join(folder(), 'out');
  const replicates = planStudy(study);
  const { isStopped, failed } = await runStudy({
    study,
    replicates,
    directory,
    jobs: 2,
    signal: new AbortController().signal,
    listener: silent,
    childFile,
    ...options,
  });
  const machine = { cores: 2 };
  const results = await collectStudy(study, replicates, { directory, jobs: 2, machine, failed });
  return { isStopped, failed, results, directory };
}

describe('loadStudy and planStudy', () => {
  test('fill in defaults and take the number of seeds from the command line', () => {
    expect(study()).toMatchObject({ name: 'norms', baseline: 'ln', metric: 'tpr@1e-3', seeds: 3, set: {} });
    expect(study(STUDY, { seeds: 5 }).seeds).toBe(5);
  });

  test.each([
    ['an unknown key', 'metrics: auroc', 'norms.yaml:11:1: metrics: unknown key; did you mean metric?'],
    [
      'a baseline that is not an arm',
      'baseline: bm',
      'norms.yaml:11:11: baseline: there is no arm "bm"; did you mean bn?',
    ],
    ['too few seeds', 'seeds: 1', 'norms.yaml:11:8: seeds: must be at least 2, not 1'],
    [
      'a search longer than its budget',
      'search: { steps: 50, grid: { optimizer.lr: [0.1, 0.2] } }',
      'the study has 2 problems\n  norms.yaml:8:5: arms.0: its search takes 100 of the 100 steps',
    ],
  ])('refuse %s', (_, line, message) => {
    expect(complaint(() => study(STUDY + line))).toContain(message);
  });

  test('refuse an arm with another factor, a duplicate name and an empty budget', () => {
    const other = STUDY.replace('model.norm: batchnorm', 'model.norm: batchnorm, loss.margin: 0.3');
    expect(complaint(() => study(other))).toMatch(
      /arms\.1\.set\.loss\.margin: arms may only differ in model\.norm;/,
    );
    expect(complaint(() => study(STUDY.replace('name: bn', 'name: ln')))).toContain(
      'the name ln is already used; choose another',
    );
    expect(complaint(() => study(STUDY.replace('steps: 100', '')))).toContain(
      'budget: give steps, seconds, or both',
    );
  });

  test('name the arm of an invalid setting before anything is trained', () => {
    const wrong = study(STUDY.replace('model.norm: batchnorm', 'model.norm: batchnrm'));
    expect(complaint(() => planStudy(wrong))).toBe(
      'norms.yaml: arm bn: model.norm: model.norm: "batchnrm" is not a choice; did you mean batchnorm? (layernorm, batchnorm, layernorm-batchnorm, batchnorm-layernorm)',
    );
    expect(complaint(() => study(STUDY.replace('base.yaml', 'gone.yaml')))).toContain(
      'gone.yaml does not exist',
    );
  });

  test('refuse images without held-out identities', () => {
    const base =
      'data: { split: { train: 0.9, validation: 0.1, test: 0 } }\nevaluation: { pairFiles: [lfw.bin] }';
    const unmeasured = study(`${STUDY}curvePoints: 0\n`, undefined, base);
    expect(complaint(() => planStudy(unmeasured))).toMatch(
      /norms\.yaml: data\.split\.test is 0, but a study compares figures on held-out identities/,
    );
  });

  test('replace models by local files, publish only their names and refuse unused ones', () => {
    const text = `${STUDY.replace('[model.norm]', '[model.pretrained, distillation]')
      .replace('model.norm: layernorm', '')
      .replace(
        'model.norm: batchnorm',
        'model.pretrained: timm/a, distillation: { teacher: { clip: ViT-B-32, weights: openai/b } }',
      )}`;
    const [a, b] = ['a.pth', 'b.safetensors'].map((name) => join(folder(), name));
    for (const file of [a, b]) writeFileSync(file, '');
    const planned = (...texts: string[]) => {
      const replicates = planStudy(study(text, { weights: parseLocalWeights(texts) }));
      return replicates[1].config({}, 1, 'training');
    };
    expect(planned().model.pretrained).toBe('timm/a');
    const local = planned(`timm/a=${a}`, `openai/b=${b}`);
    expect(local.model.pretrained).toBe(a);
    expect(local.distillation!.teacher).toMatchObject({ weights: b });
    const onnx = study(
      text.replace(
        'clip: ViT-B-32, weights: openai/b',
        'onnx: b.onnx, preprocessing: { imageSize: 32, mean: [0, 0, 0], std: [1, 1, 1] }',
      ),
      {
        weights: parseLocalWeights([`b.onnx=${b}`]),
      },
    );
    expect(planStudy(onnx)[1].config({}, 1, 'training').distillation!.teacher).toMatchObject({ onnx: b });
    expect(nameLocalWeights(parseLocalWeights([`timm/a=${a}`]))).toEqual({ 'timm/a': 'a.pth' });
    expect(complaint(() => planned(`timm/b=${a}`))).toBe(
      '--weights timm/b=…: no arm of the study uses weights of timm/b',
    );
    expect(complaint(() => planned(`timm/a=${a}x`))).toBe(
      '--weights timm/a=a.pthx: the file a.pthx does not exist',
    );
    expect(complaint(() => planned('timm/a'))).toBe('--weights timm/a: expected MODEL=FILE');
    expect(complaint(() => planned(`timm/a=${a}`, `timm/a=${b}`))).toContain('timm/a is given twice');
  });

  test('plan every arm, set of images and budget of a seed before the next seed', () => {
    const several = study(`${STUDY.replace('steps: 100', 'steps: 100, seconds: 5')}
seeds: 2
set: { training.batchSize: 8 }
data: [{ name: small, set: { data.imageSize: 32 } }, { name: large, set: { data.imageSize: 64 } }]`);
    const plan = planStudy(several);
    expect(plan).toHaveLength(2 * 2 * 2 * 2);
    expect(plan.slice(0, 3).map(({ id }) => id)).toEqual([
      'small/steps/ln/seed-0',
      'small/steps/bn/seed-0',
      'small/seconds/ln/seed-0',
    ]);
    const config = plan.at(-1)!.config({}, 77, 'training');
    expect(config).toMatchObject({
      seed: 1,
      data: { imageSize: 64 },
      model: { norm: 'batchnorm' },
      training: { steps: 77, batchSize: 8, replicas: 1, testEvery: 16, validateEvery: null },
    });
    const candidate = plan[0].config({ 'optimizer.lr': 0.5 }, 7, 'candidate');
    expect(candidate).toMatchObject({
      optimizer: { lr: 0.5 },
      training: { steps: 7, validateEvery: 7, testEvery: null, checkpointEvery: null },
    });
  });
});

describe('the built-in studies', () => {
  test.each(STUDIES.names)('%s has only valid configs', (name) => {
    const study = loadStudy(`studies/${name}.yaml`);
    expect(study.seeds).toBeGreaterThanOrEqual(3);
    expect(planStudy(study).length).toBeGreaterThanOrEqual(2 * study.seeds);
  });

  test('are found by name, with a suggestion for a mistyped one', () => {
    expect(loadStudy('norms').title).toBe('Norms of the embedding head');
    expect(complaint(() => loadStudy('studies/norm.yaml'))).toBe(
      'there is no study studies/norm.yaml; did you mean norms?',
    );
  });
});

describe('runStudy', () => {
  test('trains each run once, even if started repeatedly', async () => {
    const { isStopped, results } = await runAll(study());
    expect(isStopped).toBe(false);
    expect(readLog()).toHaveLength(6);
    const again = await runAll(study());
    expect(readLog()).toHaveLength(6);
    expect(again.results.comparisons).toEqual(results.comparisons);
    // One more seed adds two runs.
    await runAll(study(STUDY, { seeds: 4 }));
    expect(readLog()).toHaveLength(8);
  });

  test('stops runs with a checkpoint and resumes them', async () => {
    const waiting = study(STUDY, undefined, 'training: { batchSize: 13 }');
    const stop = new AbortController();
    const running = runAll(waiting, { signal: stop.signal });
    await vi.waitFor(
      () => expect(readLog().filter((line) => line.startsWith('waits'))).toHaveLength(2),
      10_000,
    );
    stop.abort();
    const { isStopped, results } = await running;
    expect(isStopped).toBe(true);
    expect(results.runs.every(({ missing }) => missing?.why === 'unfinished')).toBe(true);
    expect(Object.values(results.comparisons[0].sentences)).toEqual([
      'BatchNorm and LayerNorm cannot be compared: they have fewer than two seeds in common; 6 not finished.',
    ]);
    rmSync(log());
    // Resumed runs do not wait, but new ones do.
    const more = new AbortController();
    const second = runAll(waiting, { signal: more.signal });
    await vi.waitFor(
      () => expect(readLog().filter((line) => line.startsWith('resumes'))).toHaveLength(2),
      10_000,
    );
    await vi.waitFor(
      () => expect(readLog().filter((line) => line.startsWith('waits'))).toHaveLength(2),
      10_000,
    );
    more.abort();
    expect((await second).results.runs.filter(({ figures }) => figures)).toHaveLength(2);
  });

  test('reports diverged runs and does not repeat them', async () => {
    const text = `${STUDY.replace('factors: [model.norm]', 'factors: [model.norm, optimizer.lr]').replace(
      'model.norm: batchnorm',
      'model.norm: batchnorm, optimizer.lr: 1',
    )}`;
    const { results } = await runAll(study(text));
    const gone = results.runs.filter(({ arm }) => arm === 'bn');
    expect(gone.map(({ missing }) => missing)).toEqual(
      Array(3).fill({ why: 'diverged', reason: 'the loss is NaN' }),
    );
    expect(results.comparisons[0].sentences.bn).toContain('; 3 diverged');
    expect(renderStudy(results)).toContain('diverged');
    await runAll(study(text));
    expect(readLog()).toHaveLength(6);
  });

  test('stops all runs at a user error', async () => {
    await expect(runAll(study(STUDY, undefined, 'training: { batchSize: 14 }'))).rejects.toThrow(
      'the disk is full',
    );
  });

  test('names a damaged file of a run', async () => {
    const { directory } = await runAll(study());
    const file = join(directory, 'runs/ln/seed-0/training/summary.json');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -5));
    await expect(runAll(study())).rejects.toThrow(`${file} is damaged: it is not valid JSON`);
  });

  test('refuses runs with another config', async () => {
    await runAll(study());
    await expect(runAll(study(STUDY, undefined, 'training: { batchSize: 32 }'))).rejects.toThrow(
      /out\/runs\/(ln|bn)\/seed-0\/training was trained with another config: training\.batchSize was 64 and is now 32/,
    );
    // The number of data workers does not change a run.
    await runAll(study(STUDY, undefined, 'data: { workers: 2 }'));
    expect(readLog()).toHaveLength(6);
  });

  test('carries on past processes that die, and quotes their error output', async () => {
    const file = join(folder(), 'dies.mjs');
    writeFileSync(file, "process.on('message', () => { console.error('no reason'); process.exit(9); });");
    const { isStopped, failed, results } = await runAll(study(), { childFile: file });
    expect(isStopped).toBe(false);
    expect(failed).toHaveLength(6);
    const reason = 'ended with code 9:\nno reason';
    expect(failed[0]).toMatchObject({ failed: reason, isOutOfMemory: false });
    expect(results.runs.map(({ missing }) => missing)).toEqual(Array(6).fill({ why: 'failed', reason }));
    expect(Object.values(results.comparisons[0].sentences)[0]).toContain('; 6 failed.');
    // The next start trains them.
    expect((await runAll(study())).results.runs.every(({ figures }) => figures)).toBe(true);
  });

  test.each([
    ['SIGKILL', "process.kill(process.pid, 'SIGKILL')"],
    ['the heap limit', "console.error('FATAL ERROR: … JavaScript heap out of memory'); process.abort()"],
    [
      'WebAssembly',
      "console.error('RangeError: WebAssembly.Memory(): could not allocate memory'); process.exit(1)",
    ],
  ])('recognizes that memory ran out: %s', async (_, code) => {
    const file = join(folder(), 'dies.mjs');
    writeFileSync(file, `process.on('message', () => { ${code}; });`);
    const { failed } = await runAll(study(STUDY, { seeds: 2 }), { childFile: file });
    expect(failed.map(({ isOutOfMemory }) => isOutOfMemory)).toEqual(Array(4).fill(true));
  });

  describe('trainInChild', () => {
    const stop = new AbortController();
    const training = () => ({
      config: parseConfig('data: { identities: 40, imageSize: 32 }'),
      directory: folder(),
      name: 'run',
      resume: false,
      signal: stop.signal,
    });
    const interrupted = () => {
      const file = join(folder(), 'interrupted.mjs');
      writeFileSync(file, "process.kill(process.pid, 'SIGINT'); setInterval(() => {}, 1000);");
      return file;
    };

    test('fails if a signal ends the process', async () => {
      expect(await trainInChild({ ...training(), file: interrupted() })).toEqual({
        failed: 'was ended by SIGINT',
        isOutOfMemory: false,
      });
    });

    test('treats a process ended by Ctrl-C as stopped after an abort', async () => {
      stop.abort();
      expect(await trainInChild({ ...training(), file: interrupted() })).toEqual({ ended: 'stopped' });
    });

    test('leaves no run if stopped before the run is created', async () => {
      const file = bundleFixture('study-child', new URL('../src/compare/child.ts', import.meta.url));
      expect(await trainInChild({ ...training(), file })).toEqual({ ended: 'stopped' });
      expect(existsSync(join(folder(), 'run'))).toBe(false);
    });
  });
});

describe('the compare command', () => {
  test('writes results, a report and plots, and prints the verdicts', async () => {
    study();
    let output = '';
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      output += text;
      return true;
    });
    const directory = join(folder(), 'out');
    const work = {
      runStudy: (parts: Parameters<typeof runStudy>[0]) => runStudy({ ...parts, childFile }),
      collectStudy,
      renderStudy: async (results: StudyResults) => ({
        page: renderStudy(results),
        ...(await drawPlotFiles(studyFigures(results))),
      }),
    } as unknown as Work;
    const code = await compare(join(folder(), 'norms.yaml'), { output: directory, jobs: 2 }, work).finally(
      () => stdout.mockRestore(),
    );
    expect(code).toBe(0);
    expect(readdirSync(directory).sort()).toEqual(['plots', 'report.html', 'results.json', 'runs']);
    const plots = ['curve-data-steps', 'roc-data-steps'];
    expect(readdirSync(join(directory, 'plots')).sort()).toEqual(
      plots.flatMap((name) => [`${name}.png`, `${name}.svg`]),
    );
    expect(output).toContain('BatchNorm is better than LayerNorm');
    const run = 'out/runs/bn/seed-0/training';
    expect(output).toMatch(
      new RegExp(
        `\nEvaluate on other images: unitsphere evaluate \\S*${run} --data DIR\nRecognize pictures: +unitsphere enroll GALLERY DIR --model \\S*${run}\nUse it elsewhere: +unitsphere export \\S*${run} --to onnx\n$`,
      ),
    );
    expect(JSON.parse(readFileSync(join(directory, 'results.json'), 'utf8')).runs).toHaveLength(6);
  });
});

test('the table of a study fits 60, 80 and 120 columns', async () => {
  const { results } = await runAll(study());
  const expected = { 60: [], 80: ['rank-1', 'AUROC'], 120: ['bootstrap', 'rank-1', 'AUROC'] };
  for (const width of [60, 80, 120] as const) {
    const lines = formatStudy(results, width);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    const text = lines.join('\n');
    expect(text).toContain('difference');
    const shown = ['bootstrap', 'rank-1', 'AUROC'].filter((title) =>
      lines.some((line) => line.includes(title) && line.includes('difference')),
    );
    expect(shown, `${width} columns`).toEqual(expected[width]);
    expect(text).toContain('More columns in the report: steps');
  }
});

describe('a search', () => {
  const SEARCH = `${STUDY}search: { steps: 10, grid: { optimizer.lr: [0.01, 0.2, 1] } }\nseeds: 2`;

  test('runs for each arm and seed, chooses by validation and stays within the budget', async () => {
    const { results } = await runAll(study(SEARCH));
    // Three candidates and a training for each of two seeds and two arms.
    expect(readLog()).toHaveLength(16);
    for (const { settings, search, searchSteps, searchSeconds, figures } of results.runs) {
      expect(settings).toEqual({ 'optimizer.lr': 0.2 });
      expect(search.map(({ score }) => score === null)).toEqual([false, false, true]);
      expect(searchSteps).toBe(30);
      // Diverged candidates have no time.
      expect(searchSeconds).toBeCloseTo(2, 10);
      expect(figures!.steps).toBe(70);
    }
  });

  test('uses the grid of an arm and leaves the rest of the budget to the training', async () => {
    const own = SEARCH.replace(
      'model.norm: batchnorm }',
      'model.norm: batchnorm }, grid: { optimizer.lr: [0.1] }',
    );
    const { results } = await runAll(study(own));
    expect(results.runs.map(({ figures }) => figures!.steps)).toEqual([70, 90, 70, 90]);
  });

  test('leaves as many steps as fit into a time budget', async () => {
    const { results } = await runAll(study(SEARCH.replace('steps: 100', 'seconds: 8.05')));
    // The two finished candidates took 2 seconds, and a step takes 0.1 seconds.
    expect(results.runs.map(({ figures }) => figures!.steps)).toEqual(Array(4).fill(60));
    rmSync(join(folder(), 'out'), { recursive: true });
    // Without a search, a probe of 30 steps measures the time of a step.
    const probed = await runAll(study(STUDY.replace('steps: 100', 'seconds: 8.05'), { seeds: 2 }));
    expect(probed.results.runs.map(({ figures }) => figures!.steps)).toEqual(Array(4).fill(50));
  });
});

describe('the results of a study', () => {
  test('state how many seeds and identities would resolve an unresolved difference', () => {
    const compareValues = (values: number[]) => {
      const runs = values.flatMap((value, seed) => [
        { arm: 'a', seed, value: 0.5 },
        { arm: 'b', seed, value: 0.5 + value },
      ]);
      const [comparison] = compareArms(runs, 'a').arms;
      const compared = { name: 'B', baseline: 'A', metric: 'auroc' as const, heldOut: 1200 };
      return describeVerdict(compared, comparison, []);
    };
    expect(compareValues([0.02, -0.01, 0.02])).toBe(
      'B minus A: +0.010 in AUROC (95 % interval \u22120.033 to +0.053, 3 seeds), p = 0.423 after Holm. Not resolved by these data: a difference of this size would take about 26 seeds, each with 1,200 held-out identities (80 % power).',
    );
    expect(compareValues([0.01, -0.01])).toContain('there is no difference that more seeds could resolve');
  });

  test('compare arms seed by seed, with a sentence for each arm', async () => {
    const text = `${STUDY.replace(
      'budget:',
      '  - { name: both, label: Both, set: { model.norm: layernorm-batchnorm } }\nbudget:',
    )}set: { optimizer.lr: 0.01 }`;
    const { results } = await runAll(study(text));
    const [{ statistics, sentences }] = results.comparisons;
    expect(statistics!.base.summary).toMatchObject({ n: 3, mean: expect.closeTo(0.56, 10) });
    const bn = statistics!.arms.find(({ arm }) => arm === 'bn')!;
    expect(bn.difference!.mean).toBeCloseTo(0.101, 10);
    expect(bn.verdict).toBe('higher');
    expect(sentences.bn).toMatch(
      /^BatchNorm is better than LayerNorm: \+0\.101 in TPR at FPR 1e-3 \(95 % interval \+0\.099 to \+0\.103, 3 seeds\), p = <?.*after Holm\. Resolved\.$/,
    );
    expect(Object.keys(sentences)).toEqual(['bn', 'both']);
    const { head, rows } = armRows(results, results.comparisons[0]);
    expect(rows.map((row) => row.length)).toEqual(Array(3).fill(head.length));
    expect(rows[0].slice(0, 5)).toEqual(['LayerNorm', '0.560 ± 0.050', 'baseline', '–', '3 of 3']);
    expect(rows[1].slice(2, 4)).toEqual(['+0.101 (+0.099 to +0.103)', '+0.100 to +0.102']);
    expect(results).toMatchObject({
      backbone: 'lcnet_050',
      batchSize: 64,
      data: [{ name: 'data', label: 'data', source: 'documents', imageSize: 128, identities: 1500 }],
    });
    const { curve, roc } = results.runs[0].figures!;
    expect(curve.map(({ step }) => step)).toEqual([20, 40, 60, 80, 100]);
    expect(roc).toHaveLength(ROC_FPRS.length);
    expect(roc.at(-1)).toBe(1);
    expect(roc[0]).toBe(0);
    const read = JSON.parse(JSON.stringify(results));
    expect(renderStudy(read)).toBe(renderStudy(results));
  });
});
