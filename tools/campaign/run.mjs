// npm run campaign: kills, full disks, lying networks, hostile files and flipped bits; prints what was tried and what survived.
//   npm run campaign                   everything, in less than 30 minutes on 2 idle cores
//   npm run campaign -- --only disk    the sections whose name contains "disk"
//   npm run campaign -- --write        also writes benchmarks/reliability.md
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
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

const started = performance.now();
const minutes = (from) => ((performance.now() - from) / 60_000).toFixed(1);
const rows = [];
for (const section of sections) {
  const begun = performance.now();
  const outcome = await section.run();
  rows.push({ ...section, ...outcome, minutes: minutes(begun) });
  console.log(
    `${outcome.survived} of ${outcome.tried} ${section.unit}: ${section.name} (${minutes(begun)} min)`,
  );
  for (const problem of outcome.problems ?? []) console.log(`  ${problem.replaceAll('\n', '\n  ')}`);
}

const count = (number) => number.toLocaleString('en');
const kills = rows.filter(({ unit }) => unit === 'SIGKILLs').reduce((sum, { tried }) => sum + tried, 0);
const table = [
  '| what | tried | survived | minutes |',
  '|---|---:|---:|---:|',
  ...rows.map(
    (row) => `| ${row.name} | ${count(row.tried)} ${row.unit} | ${count(row.survived)} | ${row.minutes} |`,
  ),
].join('\n');
console.log(`\n${table}\n\n${kills} SIGKILLs, ${minutes(started)} minutes`);

if (values.write) {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const memory = Math.round(totalmem() / 2 ** 30);
  writeFileSync(
    new URL('../../benchmarks/reliability.md', import.meta.url),
    `# Reliability

\`npm run campaign -- --write\` writes this page. It kills processes, fills disks, serves bad downloads, and damages files. A kill
or a fault counts as survived if nothing acknowledged is lost, no number changes, and every refusal says what to do.

Measured at commit ${commit} on ${new Date().toISOString().slice(0, 10)}: ${availableParallelism()} cores of ${cpus()[0].model.trim()}, ${memory} GiB, ${process.platform} ${process.arch},
Node ${process.versions.node}, load average ${loadavg()[1].toFixed(0)}. ${kills} SIGKILLs in all, ${minutes(started)} minutes.

${table}
`,
  );
}
process.exitCode = rows.every(({ tried, survived }) => tried === survived) ? 0 : 1;
