import type { Colors } from 'picocolors/types.js';
import { formatBytes } from '../format-bytes.js';
import type { Inspection } from './inspect.js';

/** Formats an inspection for a terminal. @param wrap Breaks a text into lines of at most a number of characters. */
export function formatInspection(
  inspection: Inspection,
  { colors, width, wrap }: { colors: Colors; width: number; wrap(text: string, width: number): string[] },
): string {
  const good = colors.green('✓');
  const bad = colors.red('✗');
  const missing = colors.dim('–');
  const hang = (head: string, indent: number, text: string) =>
    `${head} ${wrap(text, Math.max(20, width - indent)).join(`\n${' '.repeat(indent)}`)}`;
  const row = (label: string, text: string) => hang(`  ${label.padEnd(13)}`, 16, text);
  const item = (mark: string, name: string, text: string) => hang(`  ${mark} ${name.padEnd(16)}`, 21, text);
  const versions = new Map<string, string[]>();
  for (const { name, version } of inspection.packages) {
    const key = version ?? 'missing';
    versions.set(key, [...(versions.get(key) ?? []), name.replace('@unitsphere/', '')]);
  }
  return [
    colors.bold(`unitsphere ${inspection.unitsphere}`),
    '',
    row(
      'Node',
      `${inspection.node.version} (${inspection.node.platform})${inspection.node.supported ? '' : ` ${bad}`}`,
    ),
    row('Processor', `${inspection.processor.model}, ${plural(inspection.processor.cores, 'core')}`),
    row('Replicas', `${inspection.replicas} by default (training.replicas)`),
    row(
      'Threads',
      inspection.threads > 1
        ? `${inspection.threads} for each replica by default (training.threads)`
        : '1 for each replica by default (training.threads: more require native kernels and several cores)',
    ),
    row(
      'Memory',
      `${formatBytes(inspection.memory.totalBytes)}, ${formatBytes(inspection.memory.freeBytes)} free`,
    ),
    row('Disk', `${formatBytes(inspection.disk.freeBytes)} free in ${inspection.disk.path}`),
    row('TensorFlow.js', inspection.tfjs),
    row('Native', inspection.native),
    '',
    colors.bold('@unitsphere packages'),
    ...[...versions].map(([version, names]) =>
      item(version === 'missing' ? bad : good, version, names.join(', ')),
    ),
    '',
    colors.bold('Backends'),
    ...inspection.backends.map((backend) => {
      if (backend.computes)
        return item(good, backend.name, `${backend.version}  ${colors.dim(backend.detail)}`);
      if (backend.version) return item(bad, backend.name, `${backend.version}  ${backend.reason}`);
      const remedy = backend.remedy?.startsWith('Install') ? ` ${backend.remedy}` : '';
      return item(missing, backend.name, colors.dim(`${backend.detail}: ${backend.reason}${remedy}`));
    }),
    '',
    colors.bold('Images'),
    ...inspection.libraries.map(({ name, version = '', detail = '', problem }) =>
      problem ? item(bad, name, problem) : item(good, name, `${version}  ${colors.dim(detail)}`),
    ),
    '',
    ...(inspection.problems.length === 0
      ? [colors.green('Ready to train: unitsphere train')]
      : inspection.problems.map((problem) => colors.red(problem))),
  ].join('\n');
}

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
