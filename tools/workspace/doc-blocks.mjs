// Checks that a test or a consumer runs every code block in the repository's Markdown.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { publishedPackages, root } from './packages.mjs';

/** Returns the paths of the repository's documents, without the files of changesets. */
export function documents() {
  const { stdout } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: root,
    encoding: 'utf8',
  });
  return stdout
    .split('\n')
    .filter((path) => path && !path.startsWith('.changeset/') && !path.endsWith('CHANGELOG.md'))
    .filter((path) => existsSync(join(root, path)));
}

/** Returns the blocks of a document: the text behind the fence, the line of the fence, and the code. */
export function blocksOf(markdown) {
  return [...markdown.matchAll(/^(`{3,})(.*)\r?\n([\s\S]*?)^\1`*\s*$/gm)].map((match) => ({
    info: match[2].trim(),
    line: markdown.slice(0, match.index).split('\n').length,
    code: match[3],
  }));
}

// Blocks that no test can run: the document, a text in the block or in the command's line, and the reason.
const NOT_RUN = [
  [
    'README.md',
    'npm start',
    'trains for minutes; the consumer npx-trainer runs the same command with fewer steps',
  ],
  [
    'README.md',
    'npm run dev',
    'starts a server that does not exit; the test of apps/studio serves and drives the page',
  ],
  [
    'apps/studio/README.md',
    'npm run dev',
    'starts a server that does not exit; the test serves and drives the page',
  ],
  [
    'apps/studio/README.md',
    'npm run preview',
    'starts a server that does not exit; the test serves and drives the build',
  ],
  [
    'packages/recognition/README.md',
    "openGalleryFile('cards.gallery'",
    'reads pictures of cards; the consumer recognition of tools/e2e-publish draws some and runs it',
  ],
  ['packages/backends/README.md', 'install cuda', 'requires an NVIDIA GPU and a download of 3 GB'],
  [
    'packages/clip-distiller/README.md',
    "'openai/clip-vit-base-patch32')",
    'downloads hundreds of megabytes of weights; its types are checked',
  ],
  [
    'packages/clip-distiller/README.md',
    'createOnnxTeacher(',
    'requires an ONNX file of the user; its types are checked',
  ],
  [
    'apps/trainer/README.md',
    'trainInBrowser(',
    'requires a page with a worker; apps/studio is the complete program, and its test drives it; types are checked',
  ],
  [
    'apps/trainer/README.md',
    'distillation.teacher',
    "downloads CLIP's weights, hundreds of megabytes; test/distillation.test.ts trains with a small tower",
  ],
  [
    'benchmarks/README.md',
    'npm run bench',
    'benchmarks take a whole machine; benchmarks/test runs each at a small size',
  ],
  [
    'benchmarks/README.md',
    'npx unitsphere train configs/omniglot.yaml',
    'trains for an hour; apps/trainer/test/config.test.ts reads the config',
  ],
  [
    'benchmarks/README.md',
    'npx unitsphere compare benchmarks/studies/omniglot-losses.yaml',
    'trains 25 networks, for many hours',
  ],
  [
    'packages/embedder/README.md',
    "loadEmbedder('runs/cards-1')",
    'requires a trained run; the guides load one and apps/trainer/test/embed.test.ts too; types are checked',
  ],
  [
    'packages/recognition/README.md',
    'openPostgresStore(',
    'requires a PostgreSQL server; test/store/postgres-store.test.ts starts one; types are checked',
  ],
  ['tools/golden/README.md', 'venv', 'requires Python and PyTorch, which tests do not'],
  ['tools/golden/README.md', 'pip install', 'requires Python and PyTorch, which tests do not'],
  ['tools/golden/README.md', 'make.py', 'requires Python and PyTorch, which tests do not'],
  [
    'CONTRIBUTING.md',
    'npm run bench',
    'benchmarks take a whole machine; benchmarks/test runs each at a small size',
  ],
  [
    'CONTRIBUTING.md',
    'npm run campaign',
    'takes a quarter of an hour; its table is benchmarks/reliability.md',
  ],
  [
    'packages/models/weights/document-small/README.md',
    'loadEmbedder(documentSmall)',
    "is part of the package's README, whose test runs it",
  ],
  [
    'packages/models/weights/document-base/README.md',
    'loadEmbedder(documentBase)',
    "is the same as with document-small, which the package's README has",
  ],
  ['CONTRIBUTING.md', 'npm run format', 'changes the files; `npm test` runs the same tool without writing'],
  [
    'CONTRIBUTING.md',
    'npm run release',
    'publishes packages; tools/workspace/release.test.ts tests the versions',
  ],
];

// Commands, each with the file that runs it and the text there that does.
const RUN_BY = [
  [/^npm test\b/, '.ci/run', 'npm test'],
  [
    /^npx vitest (run )?--config vitest\.projects\.ts packages\/ops/,
    'tools/workspace/test.mjs',
    'vitest.projects.ts',
  ],
  [/^npm run e2e:publish/, '.ci/run', 'npm run e2e:publish'],
  [/^npm run docs/, '.ci/run', 'npm run docs'],
  [/^npm run build -w apps\/studio/, 'apps/studio/test/studio-server.ts', 'await build({'],
  [/^npm run build$/, 'tools/workspace/setup.mjs', "'build:js', 'build:types'"],
  [/^npm run release:version/, 'tools/workspace/release.test.ts', 'version.mjs'],
  [/^npx @unitsphere\/backends install node/, '.ci/run', 'backend install node'],
  [
    /^npx @unitsphere\/backends list/,
    'tools/e2e-publish/consumers/node-esm/package.json',
    '@unitsphere/backends list',
  ],
  [/^(npx )?unitsphere backend install node/, '.ci/run', 'backend install node'],
];

/** @returns {{name: string, problems: string}[]} One entry per document. */
export function checkBlocks() {
  const used = new Set();
  const checks = documents().map((path) => {
    const problems = blocksOf(readFileSync(join(root, path), 'utf8')).flatMap(({ info, line, code }) =>
      problemsOf(path, info, code, used).map((problem) => `${path}:${line}: ${problem}`),
    );
    return { name: `tests run the examples of ${path}`, problems: problems.join('\n') };
  });
  const unused = NOT_RUN.filter((entry) => !used.has(entry)).map(([path, text]) => `${path}: ${text}`);
  checks.push({
    name: 'exceptions for examples are in use',
    problems: unused.length
      ? `Remove these entries of NOT_RUN in tools/workspace/doc-blocks.mjs, which match no example:\n${unused.join('\n')}`
      : '',
  });
  return checks;
}

function problemsOf(path, info, code, used) {
  const [language, mode = ''] = info.split(' ');
  const exception = (text) => {
    const found = NOT_RUN.find(([document, part]) => document === path && text.includes(part));
    if (found) used.add(found);
    return found;
  };
  // The consumer `guides` executes these documents: a block is commands, or a file that its first line names.
  if (e2eOf('guides').documents.includes(path) && ['sh', 'ts', 'html'].includes(language)) {
    return language === 'sh' || /^(\/\/|<!--) [\w.-]+\.\w+/.test(code)
      ? []
      : ['the first line must name a file, as in "// main.ts".'];
  }
  switch (language) {
    case 'text':
    case 'wgsl':
      return [];
    case 'yaml':
      return path === 'apps/trainer/README.md' || path.startsWith('docs/guides/')
        ? []
        : ['only configs in apps/trainer/README.md and docs/guides are tested. Move the example there.'];
    case 'ts':
    case 'js':
      if (exception(code)) return mode === 'check' ? [] : ['mark an example that is not run as ```ts check.'];
      return runnerProblems(path, language, mode);
    case 'sh':
      return code
        .split('\n')
        .map((text) => text.replace(/\s+#.*$/, '').trim())
        .filter((command) => command && !command.startsWith('#'))
        .flatMap((command) => (exception(command) ? [] : commandProblems(path, command)));
    default:
      return [
        `the block has ${language ? `the language "${language}"` : 'no language'}. Use ts, sh, yaml or text.`,
      ];
  }
}

/** Reports why a block of TypeScript is not run. */
function runnerProblems(path, language, mode) {
  if (language === 'js') return ['write the example as ts, so that its types are checked.'];
  const runs = (file, text) =>
    existsSync(join(root, file)) && readFileSync(join(root, file), 'utf8').includes(text);
  const folder = dirname(path);
  if (mode === '') {
    if (path === 'README.md' && runs('apps/trainer/test/readme.test.ts', "URL('../../..', import.meta.url)"))
      return [];
    if (path === 'tools/golden/README.md' && runs('tools/testing/test/golden.test.ts', 'README.md'))
      return [];
    if (runs(join(folder, 'test', 'readme.test.ts'), "runReadmeExamples(new URL('..', import.meta.url))"))
      return [];
    return [`no test runs the example. Add ${folder}/test/readme.test.ts.`];
  }
  const [, consumer] = /^run-by:(.+)$/.exec(mode) ?? [];
  if (consumer) {
    const { name } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const { readmes, pages, runReadmes } = e2eOf(consumer);
    if (readmes?.includes(name) && (pages || runReadmes)) return [];
    return [`tools/e2e-publish has no consumer ${consumer} that runs the README of ${name}.`];
  }
  return [
    `"${mode}" is unknown. Use run-by:CONSUMER, or check with a reason in NOT_RUN of tools/workspace/doc-blocks.mjs.`,
  ];
}

/** Returns the field `e2e` in the manifest of a consumer of tools/e2e-publish; empty if there is no such consumer. */
function e2eOf(consumer) {
  const manifest = join(root, 'tools', 'e2e-publish', 'consumers', consumer, 'package.json');
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).e2e : {};
}

function commandProblems(path, command) {
  const known = RUN_BY.find(([pattern]) => pattern.test(command));
  if (known) {
    const [, file, text] = known;
    return readFileSync(join(root, file), 'utf8').includes(text)
      ? []
      : [`${file} does not run "${command}".`];
  }
  // The consumer npx-trainer runs every such line of the trainer's README and of the repository's README.
  if (/^(npx )?unitsphere /.test(command)) {
    return ['README.md', 'apps/trainer/README.md'].includes(path) || path.startsWith('docs/guides/')
      ? []
      : [`no test runs "${command}".`];
  }
  const [, packages] = /^npm install (?:--global )?(.+)$/.exec(command) ?? [];
  if (packages) return installProblems(path, packages.split(/\s+/));
  const [, script, workspace = '.'] = /^npm run ([\w:-]+)(?: -w (\S+))?/.exec(command) ?? [];
  if (script) {
    const { scripts = {} } = JSON.parse(readFileSync(join(root, workspace, 'package.json'), 'utf8'));
    return scripts[script]
      ? [`no test runs "${command}".`]
      : [`there is no script "${script}" in ${workspace}.`];
  }
  return [`no test runs "${command}".`];
}

/** Reports packages that the examples of a document import but no install line of it installs. */
function installProblems(path, installed) {
  const names = installed.map((text) => text.replace(/(?<=.)@[^/]+$/, ''));
  const ours = publishedPackages().map(({ manifest }) => manifest.name);
  const unknown = names.filter((name) => /unitsphere/.test(name) && !ours.includes(name));
  const markdown = readFileSync(join(root, path), 'utf8');
  const all = new Set(
    blocksOf(markdown)
      .filter(({ info }) => info === 'sh')
      .flatMap(({ code }) =>
        [...code.matchAll(/npm install (.+)/g)].flatMap(([, list]) => list.split(/\s+/)),
      ),
  );
  const imported = blocksOf(markdown)
    .filter(({ info }) => /^ts\b/.test(info))
    .flatMap(({ code }) =>
      [...code.matchAll(/^(?:import|export) (?:[^'"]*from )?['"]([^'"]+)['"]/gm)].map(([, name]) => name),
    )
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  const missing = [...new Set(imported)].filter((name) => !all.has(name));
  return [
    ...unknown.map((name) => `there is no package ${name}.`),
    ...(missing.length > 0
      ? [`the examples import ${missing.join(', ')}, which no command of the document installs.`]
      : []),
  ];
}
