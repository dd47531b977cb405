// npm run campaign: kills, full disks, lying networks, hostile files and flipped bits; prints what was tried and what survived.
//   npm run campaign                   everything, in less than 30 minutes on 2 idle cores
//   npm run campaign -- --only disk    the sections whose name contains "disk"; the others keep their last outcome
//   npm run campaign -- --write        also writes benchmarks/reliability.md
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SECTIONS } from './sections.mjs';

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, write: { type: 'boolean', default: false } },
});
const sections = SECTIONS.filter(({ name }) => name.includes(values.only));
if (sections.length === 0) {
  console.error(
    `No section's name contains "${values.only}". The sections:\n${SECTIONS.map(({ name }) => `  ${name}`).join('\n')}`,
  );
  process.exit(2);
}

const root = new URL('../../', import.meta.url);
// The latest outcome of each section, so that single sections can be repeated.
const cache = fileURLToPath(new URL('.cache/campaign.json', root));

const readOutcomes = () => (existsSync(cache) ? JSON.parse(readFileSync(cache, 'utf8')) : {});
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();

for (const { name, unit, run } of sections) {
  const begun = performance.now();
  const outcome = await run();
  const minutes = Number(((performance.now() - begun) / 60_000).toFixed(1));
  console.log(`${outcome.survived} of ${outcome.tried} ${unit}: ${name} (${minutes} min)`);
  for (const problem of outcome.problems ?? []) console.log(`  ${problem.replaceAll('\n', '\n  ')}`);
  const { tried, survived } = outcome;
  const measured = {
    commit: git('rev-parse', '--short', 'HEAD'),
    date: new Date().toISOString().slice(0, 10),
  };
  mkdirSync(dirname(cache), { recursive: true });
  const all = {
    ...readOutcomes(),
    [name]: { tried, survived, minutes, load: Math.round(loadavg()[1]), ...measured },
  };
  writeFileSync(cache, JSON.stringify(all, null, 1));
}

const outcomes = readOutcomes();
const rows = SECTIONS.flatMap((section) =>
  outcomes[section.name] ? [{ ...section, ...outcomes[section.name] }] : [],
);
const count = (number) => number.toLocaleString('en');
const sum = (of) => rows.reduce((total, row) => total + of(row), 0);
const kills = sum(({ unit, tried }) => (unit === 'SIGKILLs' ? tried : 0));
const table = [
  '| what | tried | survived | minutes | commit |',
  '|---|---:|---:|---:|---|',
  ...rows.map(
    (row) =>
      `| ${row.name} | ${count(row.tried)} ${row.unit} | ${count(row.survived)} | ${row.minutes} | ${row.commit} |`,
  ),
].join('\n');
const total = `${kills} SIGKILLs, ${sum(({ minutes }) => minutes).toFixed(0)} minutes`;
console.log(`\n${table}\n\n${total}`);

/** Returns the section on what `start-and-resume.mjs` measured last. */
function startAndResume() {
  const file = new URL('benchmarks/start-resume.json', root);
  if (!existsSync(file)) return '';
  const { date, machine, load, checkouts } = JSON.parse(readFileSync(file, 'utf8'));
  const [first, second] = checkouts.map(({ seconds }) => seconds);
  const cells = (kind) =>
    ['start', 'resume', 'again'].map((what) => {
      const [a, b] = [first[what][kind], second[what][kind]];
      return `${a} / ${b} s (${(a / b).toFixed(2)})`;
    });
  return `
## Start and resume with 50,000 images

\`node tools/campaign/start-and-resume.mjs DATA CHECKOUT\` measures the seconds until the first step of 50,000 images of 2,500
identities: commit ${checkouts[0].commit} / commit ${checkouts[1].commit} (ratio), at the same time on one machine. Measured on ${date}:
${machine}, load average ${load}.

| seconds | new, without caches | resumed | new, with caches |
|---|---|---|---|
| of the wall clock | ${cells('wall').join(' | ')} |
| of the processor | ${cells('processor').join(' | ')} |
`;
}

if (values.write) {
  const dates = [...new Set(rows.map(({ date }) => date))].sort();
  const loads = rows.map(({ load }) => load);
  writeFileSync(
    new URL('benchmarks/reliability.md', root),
    `# Reliability

\`npm run campaign -- --write\` writes this page. It kills processes, fills disks, serves bad downloads, and damages files. A kill
or a fault counts as survived if nothing acknowledged is lost, no number changes, and every refusal says what to do.

Measured on ${dates.join(' and ')}: ${availableParallelism()} cores of ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, Node
${process.versions.node}, beside other work (load average ${Math.min(...loads)} to ${Math.max(...loads)}). ${total} in all.

${table}
${startAndResume()}`,
  );
}
process.exitCode = sections.every(({ name }) => outcomes[name].tried === outcomes[name].survived) ? 0 : 1;
