// Every block of code in the repository's Markdown, and what runs it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { publishedPackages, root } from './packages.mjs';

/** The repository's documents; what changesets writes and reads is none. */
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

/** The blocks of a document: the text behind the fence, the line of the fence, and the code. */
export function blocksOf(markdown) {
  return [...markdown.matchAll(/^(`{3,})(.*)\r?\n([\s\S]*?)^\1`*\s*$/gm)].map((match) => ({
    info: match[2].trim(),
    line: markdown.slice(0, match.index).split('\n').length,
    code: match[3],
  }));
}

// What no test can run, and why. A document, and a text in the block or in the command's line.
const NOT_RUN = [
  [
    'README.md',
    'npm start',
    'trains for minutes; the same command runs with fewer steps in the consumer npx-trainer',
  ],
  ['README.md', 'npm run dev', 'a server that stays; the test of apps/studio serves and drives the page'],
  ['apps/studio/README.md', 'npm run dev', 'a server that stays; the test serves and drives the page'],
  ['apps/studio/README.md', 'npm run preview', 'a server that stays; the test serves and drives the build'],
  ['packages/backends/README.md', 'install cuda', 'needs an NVIDIA GPU and 3 GB'],
  [
    'packages/clip-distiller/README.md',
    "'openai/clip-vit-base-patch32')",
    "needs the hub's weights, hundreds of megabytes; its types are checked",
  ],
  [
    'packages/clip-distiller/README.md',
    'onnxTeacher(',
    'needs an ONNX file of the user; its types are checked',
  ],
  [
    'apps/trainer/README.md',
    'trainInBrowser(',
    'is a page with a worker: apps/studio is it, whole, and its test drives it; types are checked',
  ],
  [
    'apps/trainer/README.md',
    'distillation.teacher',
    "needs CLIP's weights, hundreds of megabytes; test/distillation.test.ts trains with a small tower",
  ],
  [
    'benchmarks/README.md',
    'npm run bench',
    'a benchmark takes the machine for itself; benchmarks/test runs each small',
  ],
  ['tools/golden/README.md', 'venv', 'needs Python and PyTorch, which no test may'],
  ['tools/golden/README.md', 'pip install', 'needs Python and PyTorch, which no test may'],
  ['tools/golden/README.md', 'make.py', 'needs Python and PyTorch, which no test may'],
  [
    'CONTRIBUTING.md',
    'npm run bench',
    'a benchmark takes the machine for itself; benchmarks/test runs each small',
  ],
  ['CONTRIBUTING.md', 'npm run format', 'changes the files; `npm test` runs the same tool without'],
  [
    'CONTRIBUTING.md',
    'npm run release',
    'publishes; the dry run of tools/workspace/release.test.ts makes its versions',
  ],
];

// Commands, and the file and the text in it that runs them.
const RUN_BY = [
  [/^npm test\b/, '.ci/run', 'npm test'],
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

/** @returns {{name: string, problems: string}[]} One entry a document. */
export function checkBlocks() {
  const used = new Set();
  const checks = documents().map((path) => {
    const problems = blocksOf(readFileSync(join(root, path), 'utf8')).flatMap(({ info, line, code }) =>
      problemsOf(path, info, code, used).map((problem) => `${path}:${line}: ${problem}`),
    );
    return { name: `examples of ${path} are run`, problems: problems.join('\n') };
  });
  const idle = NOT_RUN.filter((entry) => !used.has(entry)).map(([path, text]) => `${path}: ${text}`);
  checks.push({
    name: 'exceptions of examples are in use',
    problems: idle.length
      ? `In NOT_RUN of tools/workspace/doc-blocks.mjs, and nowhere else:\n${idle.join('\n')}`
      : '',
  });
  return checks;
}

function problemsOf(path, info, code, used) {
  const [language, how = ''] = info.split(' ');
  const exception = (text) => {
    const found = NOT_RUN.find(([document, part]) => document === path && text.includes(part));
    if (found) used.add(found);
    return found;
  };
  // The consumer guides follows these word by word: a block is a file, by its name in the first line, or commands.
  if (e2eOf('guides').documents.includes(path) && ['sh', 'js', 'html'].includes(language)) {
    return language === 'sh' || /^(\/\/|<!--) [\w.-]+\.\w+/.test(code)
      ? []
      : ['its first line names no file.'];
  }
  switch (language) {
    case 'text':
    case 'wgsl':
      return [];
    case 'yaml':
      return path === 'apps/trainer/README.md' || path.startsWith('docs/guides/')
        ? []
        : ['the test of apps/trainer parses the configs of its README and of docs/guides only.'];
    case 'ts':
    case 'js':
      if (exception(code)) return how === 'check' ? [] : [`say \`\`\`ts check where an example is not run.`];
      return whoRuns(path, language, how);
    case 'sh':
      return code
        .split('\n')
        .map((text) => text.replace(/\s+#.*$/, '').trim())
        .filter((command) => command && !command.startsWith('#'))
        .flatMap((command) => (exception(command) ? [] : commandProblems(path, command)));
    default:
      return [`a block of ${language || 'no language'}: ts, sh, yaml or text.`];
  }
}

/** Why a block of TypeScript is not run. */
function whoRuns(path, language, how) {
  if (language === 'js') return ['write it as ts: consumers check its types.'];
  const runs = (file, text) =>
    existsSync(join(root, file)) && readFileSync(join(root, file), 'utf8').includes(text);
  const folder = dirname(path);
  if (how === '') {
    if (path === 'README.md' && runs('apps/trainer/test/readme.test.ts', "URL('../../..', import.meta.url)"))
      return [];
    if (path === 'tools/golden/README.md' && runs('tools/golden/read.test.ts', 'README.md')) return [];
    if (runs(join(folder, 'test', 'readme.test.ts'), "runReadmeExamples(new URL('..', import.meta.url))"))
      return [];
    return [`no test runs it: ${folder}/test/readme.test.ts would.`];
  }
  const [, consumer] = /^run-by:(.+)$/.exec(how) ?? [];
  if (consumer) {
    const { name } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const { readmes, pages, runReadmes } = e2eOf(consumer);
    if (readmes?.includes(name) && (pages || runReadmes)) return [];
    return [`no consumer ${consumer} of tools/e2e-publish runs the README of ${name}.`];
  }
  return [
    `"${how}" is not known, or an exception without a reason in NOT_RUN of tools/workspace/doc-blocks.mjs.`,
  ];
}

/** What a consumer of tools/e2e-publish does; empty where there is none of that name. */
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
  // The consumer npx-trainer runs every such line of the trainer's README and of the README of the repository.
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

/** What an install line lacks of what the examples of its document import. */
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
    ...(missing.length > 0 ? [`the examples import ${missing.join(', ')}, which is not installed.`] : []),
  ];
}
