/** Tests on `dist` that the entries of a package share their code, so that `instanceof` works between entries. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, extname, join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { publishedPackages, root } from './packages.mjs';

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-entries-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An entry in the exports of a manifest: its file by condition. */
interface Entry {
  import?: { default: string };
  require?: { default: string };
  default?: string;
}

const packages = publishedPackages()
  .map(({ path, manifest }) => ({
    path,
    name: manifest.name,
    entries: Object.entries(manifest.exports as Record<string, Entry | string>).flatMap(([key, entry]) =>
      typeof entry === 'object'
        ? [
            {
              specifier: manifest.name + key.slice(1),
              import: entry.import?.default ?? entry.default,
              require: entry.require?.default,
            },
          ]
        : [],
    ),
  }))
  .filter(({ entries }) => entries.length > 1);

const cases = packages.flatMap(({ path, name, entries }) =>
  (['import', 'require'] as const)
    .filter((kind) => entries.every((entry) => entry[kind]))
    .map((kind) => ({
      name,
      kind,
      specifiers: entries.map(({ specifier }) => specifier),
      files: entries.map((entry) => join(path, entry[kind]!)),
    })),
);

/** Runs a program in a process of its own, without vitest's transforms, and returns what it prints. */
function runModule(text: string): unknown {
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', text], { cwd: root, encoding: 'utf8' }),
  );
}

/** Returns the code that loads a module. */
const load = (kind: string, specifier: string) =>
  kind === 'import' ? `await import('${specifier}')` : `require('${specifier}')`;

const REQUIRE = `
import { createRequire } from 'node:module';
const require = createRequire(process.cwd() + '/index.js');`;

/** Returns the files that can be loaded from `files` by relative imports, `files` included. */
function reachableFiles(files: string[]): string[] {
  const found = new Set(files);
  for (const file of found) {
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/["'](\.\/[\w./-]+\.c?js)["']/g)) {
      const other = join(dirname(file), path!);
      // Required modules are CommonJS; the other kind is the file of a thread, which has its own modules.
      if (extname(other) !== extname(file)) continue;
      if (relative(dirname(file), other).startsWith('..')) continue;
      found.add(other);
    }
  }
  return [...found];
}

test('there are packages with several entries', () => {
  expect(packages.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['@unitsphere/core', '@unitsphere/partial-fc', 'unitsphere']),
  );
});

describe.each(cases)('$name by $kind', ({ kind, specifiers, files }) => {
  test('exports one value per name', { timeout: 30_000 }, () => {
    const different = runModule(`${REQUIRE}
      const found = new Map();
      const different = [];
      for (const [specifier, exported] of [${specifiers.map((specifier) => `['${specifier}', ${load(kind, specifier)}]`)}]) {
        for (const [name, value] of Object.entries(exported)) {
          if (!found.has(name)) found.set(name, value);
          else if (found.get(name) !== value) different.push(specifier + ': ' + name);
        }
      }
      console.log(JSON.stringify(different));`);
    expect(different).toEqual([]);
  });

  test('has each source in one file', () => {
    const fileOf = new Map<string, string>();
    const copies: string[] = [];
    for (const file of reachableFiles(files)) {
      const { sources } = JSON.parse(readFileSync(`${file}.map`, 'utf8')) as { sources: string[] };
      for (const source of sources) {
        const other = fileOf.get(source);
        if (other) copies.push(`${source} is in ${relative(root, other)} and ${relative(root, file)}`);
        fileOf.set(source, file);
      }
    }
    expect(fileOf.size).toBeGreaterThan(files.length);
    expect(copies).toEqual([]);
  });
});

test.each(['import', 'require'])('partial-fc/file throws errors of the main entry by %s', (kind) => {
  const file = join(folder, `${kind}.centers`);
  writeFileSync(file, 'not centers');
  const isSame = runModule(`${REQUIRE}
    const { CenterStoreError } = ${load(kind, '@unitsphere/partial-fc')};
    const { fileStore } = ${load(kind, '@unitsphere/partial-fc/file')};
    try {
      fileStore(${JSON.stringify(file)})({ firstClass: 0, rows: 8, dimensions: 4, stateNames: [], initialRow() {} });
    } catch (error) {
      console.log(JSON.stringify(error instanceof CenterStoreError || String(error.stack)));
    }`);
  expect(isSame).toBe(true);
});
