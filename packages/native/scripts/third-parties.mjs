// The notices of the code that a binary contains. Their licenses require them beside it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files of mozjpeg whose first comments are the licenses of libjpeg-turbo, beside the one of the Independent JPEG Group. */
const HEADERS = ['vendor/turbojpeg.c', 'vendor/simd/nasm/jsimdext.inc'];

/** Returns a Markdown document with the crates that a target's binary contains, and the texts of their licenses. */
export function describeThirdParties(crate, target) {
  const { status, stdout, stderr } = spawnSync(
    'cargo',
    ['metadata', '--format-version', '1', '--locked', '--filter-platform', target],
    { cwd: crate, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (status !== 0) throw new Error(`cargo metadata failed for ${target}:\n${stderr}`);
  const linked = linkedPackages(JSON.parse(stdout));
  return [
    '# Third-party code',
    "The binary contains the Rust crates below and Rust's standard library (MIT OR Apache-2.0). LICENSE has the text of Apache-2.0.",
    ...linked.map(describe),
    '',
  ].join('\n\n');
}

/** Returns the packages that a build links, without those that only run during it. */
function linkedPackages({ packages, resolve: { root, nodes } }) {
  const found = new Set();
  const waiting = [root];
  for (let id = waiting.pop(); id; id = waiting.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    const { deps } = nodes.find((node) => node.id === id);
    waiting.push(
      ...deps.filter(({ dep_kinds: kinds }) => kinds.some(({ kind }) => kind === null)).map(({ pkg }) => pkg),
    );
  }
  return packages.filter(({ id }) => id !== root && found.has(id)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describe({ name, version, license, manifest_path: manifest }) {
  const folder = dirname(manifest);
  const files = readdirSync(folder).filter(
    (file) => /^(licen[cs]e|copying|notice)/i.test(file) && !/apache/i.test(file),
  );
  const texts = [
    ...files.map((file) => readFileSync(join(folder, file), 'utf8')),
    ...HEADERS.filter((file) => existsSync(join(folder, file))).map((file) =>
      firstComment(readFileSync(join(folder, file), 'utf8')),
    ),
  ];
  return [`## ${name} ${version} (${license})`, ...texts.map((text) => `~~~text\n${text.trim()}\n~~~`)].join(
    '\n\n',
  );
}

/** Returns a source file's first comment, of C or of an assembler. */
function firstComment(source) {
  const lines = source.split('\n');
  const isC = source.startsWith('/*');
  const end = lines.findIndex((line) => (isC ? line.includes('*/') : !line.startsWith(';')));
  return lines
    .slice(0, end)
    .map((line) => line.replace(/^\s*(\/\*|\*|;) ?/, ''))
    .join('\n');
}
