import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkStructure } from './check-structure.mjs';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const layers = [['low'], ['high'], ['app']];

/** A clean repository of two packages, of which `high` imports `low`, and an application with two rooms. */
const clean: Record<string, string> = {
  'package.json': '{ "workspaces": ["packages/*", "app"] }',
  'packages/low/package.json':
    '{ "name": "low", "exports": { ".": "./dist/index.js", "./sub": "./dist/sub.js" } }',
  'packages/low/src/index.ts': "export { low } from './low.js';",
  'packages/low/src/low.ts': 'export const low = 1;\nexport type Low = number;',
  'packages/high/package.json':
    '{ "name": "high", "exports": { ".": "./dist/index.js" }, "dependencies": { "low": "*" } }',
  'packages/high/src/index.ts': "import { readFileSync } from 'node:fs';\nimport { low } from 'low/sub';",
  'app/package.json': '{ "name": "app", "private": true, "dependencies": { "high": "*", "low": "*" } }',
  'app/src/cli.ts': "import './a/index.js';\nimport './b/index.js';",
  'app/src/a/index.ts': "import '../b/index.js';",
  'app/src/b/index.ts': "import 'high';\nexport type B = number;",
};

/** Returns the problems of the clean repository after some of its files are changed, over all checks. */
async function findProblems(changes: Record<string, string>, exceptions: object[] = []): Promise<string> {
  const repository = mkdtempSync(join(tmpdir(), 'unitsphere-structure-'));
  folders.push(repository);
  for (const [path, text] of Object.entries({ ...clean, ...changes })) {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), text);
  }
  const checks = await checkStructure({ repository, layers, rooms: ['app/src'], exceptions });
  return checks
    .map(({ problems }) => problems)
    .filter(Boolean)
    .join('\n');
}

test('finds no problem in a clean repository', async () => {
  expect(await findProblems({})).toBe('');
});

describe('circles', () => {
  test('finds a circle of imports at run time', async () => {
    expect(
      await findProblems({
        'packages/low/src/low.ts': "import './other.js';",
        'packages/low/src/other.ts': "import { low } from './index.js';",
      }),
    ).toMatch(/^run-time circle: .*low\/src\/\w+\.ts → .* → .* → .*$/);
  });

  test('finds a circle through a dynamic import and through an export', async () => {
    expect(
      await findProblems({ 'packages/low/src/low.ts': "export const load = () => import('./index.js');" }),
    ).toMatch(/^run-time circle: .*$/);
  });

  test('finds a circle that a type import closes, and accepts it as an exception', async () => {
    const changes = { 'packages/low/src/low.ts': "import type * as index from './index.js';" };
    expect(await findProblems(changes)).toMatch(/^circle of type imports: .*index\.ts.*$/);
    const exception = { kind: 'type-circle', from: 'packages/low/src/low.ts', to: 'packages/low/src' };
    expect(await findProblems(changes, [exception])).toBe('');
  });

  test('accepts no run-time circle as an exception, and reports an unused exception', async () => {
    const exception = { kind: 'type-circle', from: 'packages/low/src', to: 'packages/low/src' };
    expect(await findProblems({ 'packages/low/src/low.ts': "import './index.js';" }, [exception])).toMatch(
      /^run-time circle: .*\n.*remove type-circle packages\/low\/src/,
    );
  });
});

describe('packages', () => {
  test('finds an upward import, and one of types', async () => {
    const manifest =
      '{ "name": "low", "exports": { ".": "./dist/index.js" }, "dependencies": { "high": "*" } }';
    for (const text of ["import 'high';", "import type { High } from 'high';"]) {
      expect(
        await findProblems({
          'packages/low/package.json': manifest,
          'packages/low/src/low.ts': text,
          'packages/high/src/index.ts': '',
        }),
      ).toBe('packages/low/src/low.ts imports high: high is not below low.');
    }
  });

  test('finds a workspace without a layer', async () => {
    expect(
      await findProblems({
        'packages/new/package.json': '{ "name": "new" }',
        'packages/new/src/index.ts': '',
      }),
    ).toContain('packages/new: add new to LAYERS');
  });

  test('finds imports of inner files, by path and by name', async () => {
    const changes = {
      'packages/high/src/index.ts': "import '../../low/src/low.js';\nimport 'low/src/low.js';",
    };
    expect(await findProblems(changes)).toBe(
      'packages/high/src/index.ts imports packages/low/src/low.ts, a file inside low. Import what that package exports.\n' +
        'packages/high/src/index.ts imports low/src/low.js, which low does not export.',
    );
    const exception = { kind: 'inner-file', from: 'high', to: 'packages/low/src' };
    expect(await findProblems(changes, [exception])).toBe(
      'packages/high/src/index.ts imports low/src/low.js, which low does not export.',
    );
  });

  test('finds undeclared dependencies and dev dependencies at run time', async () => {
    expect(
      await findProblems({
        'packages/low/package.json': '{ "name": "low", "devDependencies": { "tool": "*", "types": "*" } }',
        'packages/low/src/low.ts':
          "import 'absent/inner';\nimport { run } from 'tool';\nimport type { T } from 'types';\nimport './gone.js';",
        'packages/high/src/index.ts': '',
        'node_modules/types/package.json': '{ "name": "types", "types": "index.d.ts" }',
        'node_modules/types/index.d.ts': 'export type T = number;',
      }),
    ).toBe(
      'packages/low/src/low.ts imports ./gone.js, which does not exist.\n' +
        'packages/low/src/low.ts imports absent, which packages/low/package.json does not declare.\n' +
        'packages/low/src/low.ts imports tool, a dev dependency of low. Make it a dependency.',
    );
  });
});

describe('rooms', () => {
  test('finds two rooms that import each other, also only for types', async () => {
    for (const text of ["import '../a/other.js';", "import type * as a from '../a/other.js';"]) {
      expect(await findProblems({ 'app/src/a/other.ts': '', 'app/src/b/index.ts': text })).toBe(
        'a and b import each other (1 and 1):\n' +
          '  app/src/a/index.ts → app/src/b/index.ts\n' +
          '  app/src/b/index.ts → app/src/a/other.ts',
      );
    }
  });
});
