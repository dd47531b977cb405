import { Random } from '@unitsphere/core/random';
import { verifyEmbeddings } from '@unitsphere/verification';
import { describe, expect, test } from 'vitest';
import { fprKey, renderReport, summarizeVerification } from '../src/report/index.js';
import { pngUri, reportFixture } from './report-fixture.js';

const PLOTS = [
  'roc',
  'histogram',
  'validation',
  'held-out',
  'loss',
  'learning-rate',
  'margin',
  'scale',
  'gradient-norm',
  'throughput',
];

/** Returns the wide drawing of a plot. */
function findSvg(page: string, id: string): string {
  const figure = page.slice(page.indexOf(`data-plot="${id}"`));
  return figure.slice(figure.indexOf('<svg class="wide"'), figure.indexOf('</svg>'));
}

describe('renderReport', () => {
  const data = reportFixture();
  const page = renderReport(data);

  test('starts with the result in words, compared with the network before training', () => {
    const { heldOut, untrained } = data.summary;
    const percent = (share: number | null) => `${((share ?? Number.NaN) * 100).toFixed(0)}\u202f%`;
    expect(untrained!.tprAtFpr['1e-3']).toBeGreaterThan(0.005);
    expect(page).toContain(
      `At one false accept in 1,000 pairs, the model accepts ${percent(heldOut.tprAtFpr['1e-3'])} of the pairs of images of the same unseen document; ` +
        `before training: ${percent(untrained!.tprAtFpr['1e-3'])}.</h1>`,
    );
    for (const key of ['1e-1', '1e-2', '1e-3', '1e-4']) {
      expect(page).toContain(`${(heldOut.tprAtFpr[key]! * 100).toFixed(1)}\u202f%</b>`);
      expect(page).toContain(`<td>${(untrained!.tprAtFpr[key]! * 100).toFixed(1)}\u202f%</td>`);
      expect(page).toContain(`<td>${heldOut.thresholds[key]!.toFixed(3)}</td>`);
    }
    expect(page).toContain(heldOut.auroc.toFixed(4));
  });

  test('draws every plot in two sizes with a description', () => {
    expect([...page.matchAll(/data-plot="([^"]+)"/g)].map(([, id]) => id)).toEqual(PLOTS);
    for (const id of PLOTS) {
      const svg = findSvg(page, id);
      expect(svg, id).toMatch(/role="img" aria-label="[^"]{20,}" viewBox="0 0 540 320"/);
      expect(svg, id).toMatch(/<path d="M[^"]{20,}"[^>]*stroke="var\(--/);
    }
    expect(page.match(/<svg class="narrow"/g)).toHaveLength(PLOTS.length);
  });

  test('renders one file of moderate size without external references', () => {
    expect(page.length).toBeLessThan(3e6);
    expect(page).not.toMatch(/<script|<iframe|@import|url\((?!#)/i);
    const references = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, target]) => target);
    expect(references.length).toBeGreaterThan(30);
    for (const target of references) expect(target).toMatch(/^data:/);
  });

  test('is deterministic', () => {
    expect(renderReport(reportFixture())).toBe(page);
  });

  test('escapes all text', () => {
    const attack = `"><script>alert('x')</script>&amp;`;
    const hostile = reportFixture(5);
    hostile.title = attack;
    hostile.createdAt = attack;
    hostile.subject = { one: attack, many: attack };
    hostile.summary.backend = attack;
    hostile.config = { [attack]: attack };
    hostile.machine = { [attack]: attack };
    hostile.samples[0].identity = attack;
    hostile.neighbors[0].label = attack;
    hostile.neighbors[0].results[0].label = attack;
    hostile.mistakes[0].labelA = attack;
    const text = renderReport(hostile);
    expect(text).not.toContain('<script');
    expect(
      text.match(/&quot;&gt;&lt;script&gt;alert\(&#39;x&#39;\)&lt;\/script&gt;&amp;amp;/g)!.length,
    ).toBeGreaterThan(9);
  });

  test('stays small with many images, and states how many it omits', () => {
    const large = reportFixture(5);
    const random = new Random(2);
    const image = pngUri(random, 220);
    large.samples = Array.from({ length: 60 }, (_, g) => ({
      identity: `${g}`,
      images: Array(12).fill(image),
    }));
    large.neighbors = Array.from({ length: 60 }, (_, q) => ({
      query: image,
      label: `${q}`,
      results: Array.from({ length: 9 }, () => ({ uri: image, score: 0.5, same: true })),
    }));
    large.mistakes = Array.from({ length: 60 }, () => ({
      kind: 'false accept',
      a: image,
      b: image,
      score: 0.9,
    }));
    const text = renderReport(large);
    expect(text.length).toBeLessThan(3e6);
    expect(text.length).toBeGreaterThan(1e6);
    expect(text.match(/Showing \d+ of 60\./g)).toHaveLength(3);
    expect(text).toContain('None recorded.');
  });

  test('does not grow with the number of steps', () => {
    expect(renderReport(reportFixture(20_000)).length).toBeLessThan(page.length + 100_000);
  });

  test('shows non-finite values as gaps, and counts them', () => {
    const broken = reportFixture(50);
    broken.metrics[9].loss = null;
    broken.metrics[10].loss = Number.NaN;
    const text = renderReport(broken);
    expect(text).toContain('It was not finite at 2 logged steps.');
    expect(text).not.toContain('NaN');
    for (const metrics of broken.metrics) metrics.loss = null;
    expect(renderReport(broken)).toContain('Loss: no finite value was logged.');
  });

  test('renders data without an untrained network, galleries and training curves', () => {
    const bare = reportFixture(5);
    delete bare.summary.untrained;
    delete bare.summary.rank1;
    delete bare.roc.untrained;
    delete bare.subject;
    Object.assign(bare, { metrics: [], validation: [], test: [], samples: [], neighbors: [], mistakes: [] });
    const text = renderReport(bare);
    expect(text.replace(/<style>[\s\S]*?<\/style>/, '')).not.toMatch(/untrained/i);
    expect(text).toContain('of the same unseen identity.</h1>');
    expect([...text.matchAll(/data-plot="([^"]+)"/g)].map(([, id]) => id)).toEqual(['roc', 'histogram']);
  });

  test('uses a measurable rate in the headline, and marks the others', () => {
    const few = reportFixture(5);
    delete few.summary.heldOut.resolved;
    few.summary.heldOut.pairs = { positive: 30, negative: 450 };
    const text = renderReport(few);
    expect(text).toMatch(/<h1[^>]*>At one false accept in 100 pairs/);
    // An unmeasurable rate has no figure.
    expect(text).toContain('1 in 1,000</th><td>– *</td>');
    expect(text).not.toContain('1 in 100</th><td>– *</td>');
    few.summary.heldOut.pairs = { positive: 3, negative: 5 };
    expect(renderReport(few)).toContain('too few pairs of different identities to measure a rate');
  });

  test('states the kind of pairs, and warns of identities and pictures that were trained on', () => {
    const data = reportFixture(5);
    expect(renderReport(data)).toContain('Real pairs, each of two different images');
    expect(renderReport(data)).toContain('None of these identities was trained on.');
    data.summary.heldOut.pairKind = 'augmented';
    expect(renderReport(data)).toContain(
      'Augmented copies: all images of an identity are made from its first image',
    );
    data.summary.copies = { ...data.summary.heldOut, auroc: 0.8765 };
    expect(renderReport(data)).toContain('Identities with one image');
    expect(renderReport(data)).toContain('0.8765');
    data.summary.leaks = { identities: 0, acrossParts: 3, acrossIdentities: 0 };
    expect(renderReport(data)).toContain('3 pictures are both in training and held out');
    data.summary.leaks = { identities: 12, acrossParts: 3, acrossIdentities: 0 };
    expect(renderReport(data)).toContain('12 held-out identities were also trained on');
    expect(renderReport(data)).not.toContain('None of these identities was trained on.');
  });

  test('warns if training did not improve the headline rate', () => {
    const worse = reportFixture(5);
    [worse.summary.heldOut, worse.summary.untrained] = [worse.summary.untrained!, worse.summary.heldOut];
    expect(renderReport(worse)).toContain('Training did not improve this rate');
    expect(page).not.toContain('Training did not improve this rate');
  });

  test('shows a rate without a threshold', () => {
    const none = reportFixture(5);
    none.summary.heldOut.thresholds['1e-3'] = null;
    none.summary.heldOut.tprAtFpr['1e-3'] = 0;
    const text = renderReport(none);
    expect(text).toContain('<td>none</td>');
    expect(findSvg(text, 'histogram')).not.toContain('stroke="var(--ink)"');
    expect(findSvg(page, 'histogram')).toContain('stroke="var(--ink)"');
  });

  test('throws for invalid data', () => {
    const withImage = (uri: string) => {
      const bad = reportFixture(5);
      bad.samples[1].images[2] = uri;
      return () => renderReport(bad);
    };
    expect(withImage('https://example.com/a.png')).toThrow('samples[1].images[2] is not a base64 data URI');
    expect(withImage('data:image/svg+xml;base64,AAAA')).toThrow('is not a base64 data URI');
    expect(withImage('data:image/png;base64,AA" onload="x')).toThrow('is not a base64 data URI');
    const histogram = reportFixture(5);
    histogram.histogram.positive.pop();
    expect(() => renderReport(histogram)).toThrow('Expected one more edge than counts');
    const curve = reportFixture(5);
    curve.roc.heldOut.tpr.pop();
    expect(() => renderReport(curve)).toThrow('roc.heldOut has');
    const rates = reportFixture(5);
    rates.summary.heldOut.tprAtFpr = {};
    expect(() => renderReport(rates)).toThrow('pass at least one rate');
  });
});

describe('summarizeVerification', () => {
  test('survives JSON, with null for a threshold that accepts nothing', () => {
    // The most similar pair consists of images of different identities.
    const result = verifyEmbeddings(
      Float32Array.from([1, 0, 0, 1, 1, 0.1, -1, 0.2]),
      2,
      Int32Array.from([0, 0, 1, 1]),
    );
    const plain = summarizeVerification(result, { pairKind: 'augmented', identities: 2, images: 4 });
    expect(JSON.parse(JSON.stringify(plain))).toEqual(plain);
    expect(plain.summary.thresholds[fprKey(0.001)]).toBe(null);
    expect(plain.summary.resolved).toEqual({ '1e-1': false, '1e-2': false, '1e-3': false, '1e-4': false });
    expect(plain.summary).toMatchObject({
      identities: 2,
      auroc: result.auroc,
      pairs: { positive: 2, negative: 4 },
    });
    expect(plain.roc.tpr).toEqual([...result.roc.tpr]);
    expect(plain.summary.intervalsOver).toBe('pairs');
  });

  test('replaces intervals over pairs by those over identities', () => {
    const result = verifyEmbeddings(
      Float32Array.from([1, 0, 1, 0.1, 0, 1, 0.1, 1]),
      2,
      Int32Array.from([0, 0, 1, 1]),
      { fprs: [0.5] },
    );
    const over = { auroc: { low: 0.8, high: 1 }, tprAtFpr: { '5e-1': { low: 0.7, high: 1 } } };
    const { summary } = summarizeVerification(result, undefined, over);
    expect(summary.intervals).toEqual(over.tprAtFpr);
    expect(summary).toMatchObject({ intervalsOver: 'identities', aurocInterval: over.auroc });
    expect(summarizeVerification(result).summary.intervals).toEqual({
      '5e-1': result.tprAtFpr[0].tprInterval,
    });
  });
});
