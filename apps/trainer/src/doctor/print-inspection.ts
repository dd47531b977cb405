import type { Colors } from 'picocolors/types.js';
import { formatBytes } from '../format.js';
import type { Inspection } from './inspect.js';

/** An inspection as lines for a terminal. */
export function printInspection(found: Inspection, colors: Colors): string {
  const good = colors.green('✓');
  const bad = colors.red('✗');
  const none = colors.dim('–');
  const row = (label: string, text: string) => `  ${label.padEnd(13)} ${text}`;
  const item = (mark: string, name: string, text: string) => `  ${mark} ${name.padEnd(16)} ${text}`;
  const versions = new Map<string, string[]>();
  for (const { name, version } of found.packages) {
    const key = version ?? 'missing';
    versions.set(key, [...(versions.get(key) ?? []), name.replace('@unitsphere/', '')]);
  }
  return [
    colors.bold(`unitsphere ${found.unitsphere}`),
    '',
    row('Node', `${found.node.version} (${found.node.platform})${found.node.supported ? '' : ` ${bad}`}`),
    row('Processor', `${found.processor.model}, ${plural(found.processor.cores, 'core')}`),
    row('Replicas', `${found.replicas} in a training, unless training.replicas says otherwise`),
    row('Memory', `${formatBytes(found.memory.totalBytes)}, ${formatBytes(found.memory.freeBytes)} free`),
    row('Disk', `${formatBytes(found.disk.freeBytes)} free in ${found.disk.path}`),
    row('TensorFlow.js', found.tfjs),
    '',
    colors.bold('Packages of @unitsphere'),
    ...[...versions].map(([version, names]) =>
      item(version === 'missing' ? bad : good, version, names.join(', ')),
    ),
    '',
    colors.bold('Backends'),
    ...found.backends.map((backend) => {
      if (backend.computes)
        return item(good, backend.name, `${backend.version}  ${colors.dim(backend.detail)}`);
      if (backend.version) return item(bad, backend.name, `${backend.version}  ${backend.reason}`);
      const remedy = backend.remedy?.startsWith('Install') ? ` ${backend.remedy}` : '';
      return item(none, backend.name, colors.dim(`${backend.detail}: ${backend.reason}${remedy}`));
    }),
    '',
    colors.bold('Images'),
    ...found.libraries.map(({ name, version = '', detail = '', problem }) =>
      problem ? item(bad, name, problem) : item(good, name, `${version}  ${colors.dim(detail)}`),
    ),
    '',
    ...(found.problems.length === 0
      ? [colors.green('Ready to train: unitsphere train')]
      : found.problems.map((problem) => colors.red(problem))),
  ].join('\n');
}

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
