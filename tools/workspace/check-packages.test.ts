import { relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifestProblems } from './check-packages.mjs';
import { publishedPackages, root } from './packages.mjs';

const folder = 'packages/sample';
const complete = {
  name: '@unitsphere/sample',
  description: 'A sample',
  license: 'Apache-2.0',
  author: 'The unitsphere authors',
  homepage: 'https://github.com/unitsphere/unitsphere/tree/main/packages/sample#readme',
  repository: {
    type: 'git',
    url: 'git+https://github.com/unitsphere/unitsphere.git',
    directory: 'packages/sample',
  },
  bugs: { url: 'https://github.com/unitsphere/unitsphere/issues' },
  keywords: ['a', 'b', 'c', 'd', 'e'],
  files: ['dist', 'CHANGELOG.md', 'README.md'],
  peerDependencies: { '@tensorflow/tfjs-core': '~4.22.0', webgpu: '^0.6.0' },
};

describe('manifestProblems', () => {
  test('finds no problem in a complete manifest', () => {
    expect(manifestProblems(folder, complete)).toEqual([]);
  });

  test.each(publishedPackages().map(({ path, manifest }) => ({ name: manifest.name, path, manifest })))(
    'finds no problem in $name',
    ({ path, manifest }) => {
      expect(manifestProblems(relative(root, path).replaceAll('\\', '/'), manifest)).toEqual([]);
    },
  );

  test.each(['description', 'license', 'author', 'homepage', 'repository', 'bugs', 'keywords'])(
    'requires the field "%s"',
    (field) => {
      const { [field as 'license']: _, ...rest } = complete;
      const problems = manifestProblems(folder, rest);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(`packages/sample/package.json: "${field}"`);
    },
  );

  test('requires the package’s own folder in the repository', () => {
    expect(manifestProblems('packages/other', complete).map((problem) => problem.split('"')[1])).toEqual([
      'homepage',
      'repository',
    ]);
  });

  test('requires that the changelog is published', () => {
    expect(manifestProblems(folder, { ...complete, files: ['dist', 'README.md'] })).toEqual([
      'packages/sample/package.json: "files" must include "CHANGELOG.md".',
    ]);
  });

  test('requires the range of TensorFlow.js that the kernels are written for', () => {
    const peerDependencies = { ...complete.peerDependencies, '@tensorflow/tfjs-backend-wasm': '^4.22.0' };
    expect(manifestProblems(folder, { ...complete, peerDependencies })).toEqual([
      'packages/sample/package.json: the peer dependency on @tensorflow/tfjs-backend-wasm must be "~4.22.0", not "^4.22.0".',
    ]);
  });
});
