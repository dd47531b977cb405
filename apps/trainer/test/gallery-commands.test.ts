import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { drawBar, formatRecognition } from '../src/commands/format-recognition.js';
import { run } from '../src/commands/program.js';
import type { Work } from '../src/commands/work.js';
import { useTemporaryFolder } from './fixtures/temporary-folder.js';

const folder = useTemporaryFolder();
const before = process.cwd();
beforeEach(() => process.chdir(folder()));
afterEach(() => {
  process.chdir(before);
  vi.restoreAllMocks();
});

/** An embedder of files that hold the numbers of their embedding as text. */
async function openEmbedder(model: string) {
  const embedFile = (file: string) => {
    const values = readFileSync(file, 'utf8').split(' ').map(Number);
    if (values.length === 3) return Float32Array.from(values);
    throw Object.assign(new Error(`${file} is not an image`), { name: 'ImageError' });
  };
  return {
    embeddingSize: 3,
    fingerprint: `fingerprint of ${model.split('/').at(-1)}`,
    embed: (async (files: string | string[]) =>
      typeof files === 'string' ? embedFile(files) : files.map(embedFile)) as never,
    dispose: () => undefined,
  };
}

async function unitsphere(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0);
  const code = await run(args, '1.2.3', { openEmbedder } as unknown as Work);
  vi.restoreAllMocks();
  return {
    code,
    stdout: stripVTControlCharacters(out.join('')),
    stderr: stripVTControlCharacters(err.join('')),
  };
}

function writePictures(pictures: Record<string, string>): void {
  for (const [path, values] of Object.entries(pictures)) {
    mkdirSync(join(folder(), path, '..'), { recursive: true });
    writeFileSync(join(folder(), path), values);
  }
}
const people = {
  'people/Ada Lovelace/1.png': '1 0 0',
  'people/Ada Lovelace/2.png': '0.9 0.1 0',
  'people/Grace.png': '0 1 0',
  'people/Edsger.png': '0 0 1',
};
const enrollPeople = () => unitsphere('enroll', 'people.gallery', 'people', '--model', 'model');

describe('enroll', () => {
  test('enrolls each subfolder and each image as an identity, once', async () => {
    writePictures(people);
    const first = await enrollPeople();
    expect(first.stdout).toBe('4 images enrolled. people.gallery has 3 identities.\n');
    expect(first.stderr).toContain('unitsphere gallery calibrate people.gallery');
    expect(first.code).toBe(0);
    writePictures({ 'people/Grace/new.png': '0 0.9 0.1' });
    expect((await enrollPeople()).stdout).toBe(
      '1 image enrolled; 4 were enrolled before. people.gallery has 3 identities.\n',
    );
  });

  test('names and skips files that cannot be read, and exits with 3', async () => {
    writePictures({ ...people, 'people/bad\x1b[31m.png': 'nothing' });
    const { code, stdout, stderr } = await enrollPeople();
    expect(code).toBe(3);
    expect(stdout).toContain('4 images enrolled.');
    expect(stderr).toContain('skipped people/bad\\x1b[31m.png: ');
    expect(stderr).not.toContain('\x1b[31m');
  });

  test('refuses a folder without images, and a gallery of another model', async () => {
    mkdirSync('empty');
    expect(await unitsphere('enroll', 'x.gallery', 'empty', '--model', 'model')).toMatchObject({ code: 2 });
    expect((await unitsphere('enroll', 'x.gallery', 'missing', '--model', 'model')).stderr).toContain(
      'missing is not a folder',
    );
    writePictures(people);
    await enrollPeople();
    const { code, stderr } = await unitsphere('enroll', 'people.gallery', 'people', '--model', 'other');
    expect(code).toBe(2);
    expect(stderr).toContain('fingerprint of other');
  });
});

describe('recognize', () => {
  test('prints the array that programs read', async () => {
    writePictures({ ...people, 'one.png': '0 0.2 1', 'bad.png': 'x' });
    await enrollPeople();
    const { code, stdout, stderr } = await unitsphere(
      'recognize',
      'people.gallery',
      'one.png',
      'bad.png',
      '--json',
      '-k',
      '2',
    );
    expect(JSON.parse(stdout)).toEqual([
      {
        file: 'one.png',
        decision: 'undecided',
        matches: [
          { name: 'Edsger', score: expect.closeTo(0.9806, 4) },
          { name: 'Grace', score: expect.closeTo(0.1961, 4) },
        ],
      },
    ]);
    expect(stderr).toContain('skipped bad.png: bad.png is not an image');
    expect(code).toBe(3);
  });

  test('prints decisions and bars', async () => {
    writePictures({ ...people, 'one.png': '0.05 0.2 1', 'two.png': '1 1 1' });
    await enrollPeople();
    const args = ['recognize', 'people.gallery', 'one.png', 'two.png', '--threshold', '0.7'];
    const { code, stdout } = await unitsphere(...args);
    expect(stdout).toMatchInlineSnapshot(`
      "one.png: known Edsger
        Edsger         0.979  ████████████████████████████│██████████▏
        Grace          0.196  ███████▉                    │
        Ada Lovelace   0.070  ██▊                         │

      two.png: unknown
        Ada Lovelace   0.638  █████████████████████████▌  │
        Edsger         0.577  ███████████████████████▏    │
        Grace          0.577  ███████████████████████▏    │
      "
    `);
    expect(code).toBe(0);
  });

  test('uses the calibrated threshold, and says what it means', async () => {
    writePictures({ ...people, 'one.png': '0 0.1 1' });
    await enrollPeople();
    const calibrated = await unitsphere(
      'gallery',
      'calibrate',
      'people.gallery',
      '--false-accept-rate',
      '0.1',
    );
    expect(calibrated.code).toBe(0);
    expect(Number(calibrated.stdout)).toBeGreaterThan(0.1);
    expect(calibrated.stderr).toContain('Warning: 3 identities are too few');
    expect(calibrated.stderr).toMatch(/most similar identities\s+are\s+"Ada Lovelace"\s+and\s+"Grace"/);
    expect(calibrated.stderr).toMatch(/threshold +strangers accepted +95 % interval\n/);
    expect(calibrated.stderr).toMatch(/\d +none seen +0 % to \d+ % +← calibrated\n/);
    const { stdout, stderr } = await unitsphere('recognize', 'people.gallery', 'one.png');
    expect(stdout).toContain('one.png: known Edsger');
    expect(stderr).toMatch(/Threshold .*, to accept 10 % of strangers/);
    const given = await unitsphere('recognize', 'people.gallery', 'one.png', '--threshold', '0.05');
    expect(given.stderr).toMatch(
      /At the threshold 0.05, the gallery accepts about 65 % of strangers \(95 % interval/,
    );
  });

  test('refuses a gallery that does not exist', async () => {
    writePictures({ 'one.png': '1 0 0' });
    const { code, stderr } = await unitsphere('recognize', 'none.gallery', 'one.png');
    expect(code).toBe(2);
    expect(stderr).toContain('none.gallery');
  });
});

describe('gallery', () => {
  test('lists and removes identities', async () => {
    writePictures(people);
    await enrollPeople();
    expect((await unitsphere('gallery', 'list', 'people.gallery')).stdout).toBe(
      'name          images\nAda Lovelace       2\nEdsger             1\nGrace              1\n',
    );
    expect(await unitsphere('gallery', 'remove', 'people.gallery', 'Grace', 'Nobody')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no identity "Nobody"'),
    });
    expect((await unitsphere('gallery', 'remove', 'people.gallery', 'Grace')).stdout).toBe(
      '1 removed. people.gallery has 2 identities.\n',
    );
    const { stdout } = await unitsphere('gallery', 'list', 'people.gallery', '--json');
    expect(JSON.parse(stdout).map(({ name }: { name: string }) => name)).toEqual(['Ada Lovelace', 'Edsger']);
  });

  test('leaves out an identity that was enrolled twice, and says what to do', async () => {
    const pictures: Record<string, string> = {};
    for (let n = 0; n < 40; n++) {
      // Points that are spread evenly over the sphere.
      const [z, turn] = [1 - (2 * n + 1) / 40, n * Math.PI * (3 - Math.sqrt(5))];
      pictures[`set/${n}.png`] =
        `${Math.sqrt(1 - z * z) * Math.cos(turn)} ${Math.sqrt(1 - z * z) * Math.sin(turn)} ${z}`;
    }
    writePictures({ ...pictures, 'set/Grace.png': pictures['set/7.png'] });
    await unitsphere('enroll', 'g.gallery', 'set', '--model', 'model');
    const { stdout, stderr } = await unitsphere('gallery', 'calibrate', 'g.gallery');
    expect(Number(stdout)).toBeLessThan(1);
    expect(stderr).toContain('Left out, because this pair looks like one identity enrolled twice.');
    expect(stderr).toContain('\n  1.0000  "7" and "Grace"\n');
    expect(stderr).toContain('unitsphere gallery merge g.gallery NAME INTO');
    const warning = 'Warning: 1 pair of identities looks like one enrolled twice.';
    const uses = [
      ['recognize', 'g.gallery', 'set/3.png'],
      ['gallery', 'list', 'g.gallery'],
    ];
    for (const use of uses) expect((await unitsphere(...use)).stderr).toContain(warning);
    const kept = await unitsphere('gallery', 'calibrate', 'g.gallery', '--keep-duplicates');
    for (const use of uses) expect((await unitsphere(...use)).stderr).not.toContain(warning);
    expect(Number(kept.stdout)).toBeGreaterThan(Number(stdout));
    expect(kept.stderr).not.toContain('Left out');
  });

  test('names strangers that are likely enrolled', async () => {
    const pictures: Record<string, string> = {};
    for (let n = 0; n < 40; n++) {
      pictures[`strangers/${n}.png`] = `${Math.sin(n * 37)} ${Math.cos(n * 91)} ${Math.sin(n * n + 1)}`;
    }
    writePictures({ ...people, ...pictures, 'strangers/somebody.png': '0 1 0' });
    await enrollPeople();
    const { stderr } = await unitsphere('gallery', 'calibrate', 'people.gallery', '--strangers', 'strangers');
    expect(stderr).toContain('Warning: these strangers are likely enrolled.');
    expect(stderr).toContain('\n  1.0000  "somebody" and "Grace"\n');
  });

  test('calibrates with strangers', async () => {
    writePictures({
      ...people,
      'strangers/x/1.png': '1 1 0',
      'strangers/x/2.png': '1 0.8 0',
      'strangers/y.png': '1 1 1',
    });
    await enrollPeople();
    const { stderr, code } = await unitsphere(
      'gallery',
      'calibrate',
      'people.gallery',
      '--strangers',
      'strangers',
    );
    expect(stderr).toMatch(/from 2\s+strangers/);
    expect(code).toBe(0);
  });

  test('evaluates a folder', async () => {
    const pictures: Record<string, string> = {};
    for (let n = 0; n < 12; n++) {
      for (const copy of [0, 0.01]) {
        pictures[`set/${String(n).padStart(2, '0')}/${copy}.png`] =
          `${Math.sin(n * 37) + copy} ${Math.cos(n * 91)} ${Math.sin(n * n + 1)}`;
      }
    }
    writePictures(pictures);
    const args = ['gallery', 'evaluate', 'set', '--model', 'model', '--false-accept-rate', '0.1'];
    const { stdout, code } = await unitsphere(...args);
    expect(stdout).toContain('6 identities enrolled, 6 other images of them; 6 strangers, 12 images');
    expect(stdout).toMatch(/rank-1 +1\.000/);
    expect(code).toBe(0);
    expect(JSON.parse((await unitsphere(...args, '--json')).stdout).ranks[0].rate).toBe(1);
  });
});

/** Names of identities in examples, and of those that are enrolled there. */
const NAMES: Record<string, string> = {
  'grace-2': 'Alan',
  grace: 'Grace',
  ada: 'Edsger',
  lovelace: 'Lovelace',
};

test('every example of the help runs', async () => {
  writePictures({ ...people, 'more-people/Alan.png': '0.5 0.5 0', 'strangers/x.png': '1 1 1' });
  writePictures({ 'one.jpg': '1 0 0', 'other.jpg': '0 1 0' });
  const commands = [
    ['enroll'],
    ['recognize'],
    ...['list', 'calibrate', 'evaluate', 'merge', 'rename', 'remove'].map((name) => ['gallery', name]),
  ];
  const examples: string[][] = [];
  for (const command of commands) {
    const { stdout } = await unitsphere(...command, '--help');
    const found = [...stdout.matchAll(/^ {2}unitsphere (.*)$/gm)].map(([, line]) => line.split(' '));
    expect(found.length, command.join(' ')).toBeGreaterThan(0);
    examples.push(...found);
  }
  for (const example of examples) {
    // Evaluation needs more identities than the other examples.
    if (example[1] === 'evaluate')
      writePictures({ ...people, 'people/x.png': '1 2 3', 'people/y.png': '3 2 -1' });
    // Each model has a gallery of its own.
    const args = example.map((word) => (word.startsWith('runs/') ? 'model' : (NAMES[word] ?? word)));
    expect(await unitsphere(...args), example.join(' ')).toMatchObject({ code: 0 });
  }
  rmSync('people.gallery');
});

describe('formatRecognition', () => {
  const recognition = {
    decision: 'ambiguous' as const,
    name: null,
    matches: [
      {
        name: 'a name\x1b[2J that\nis far too long for the width of this terminal',
        score: 0.91,
        template: 1,
        metadata: {},
      },
      { name: 'b', score: -0.2, template: 2, metadata: {} },
    ],
    threshold: 0.5,
    margin: 0.1,
  };

  test.each([40, 60, 100, Number.POSITIVE_INFINITY])(
    'fits %i columns and prints no control character',
    (width) => {
      const lines = formatRecognition('x.png', recognition, width).map(stripVTControlCharacters);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
      expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/);
    },
  );

  test('draws a bar with a line at the threshold', () => {
    expect(drawBar(0.5, 0.75, 8)).toBe('████  │');
    expect(drawBar(1, 0.5, 4)).toBe('██│█');
    expect(drawBar(-1, undefined, 4)).toBe('');
    expect(drawBar(0.53, undefined, 8)).toBe('████▎');
  });
});
