import { formatBytes } from '../format-bytes.js';
import type { RankInspection } from './inspect-ranks.js';

/** Formats the inspection of a group of processes for a terminal. */
export function formatRanks({
  library,
  processes,
  hosts,
  barrierMicroseconds,
  allReduce,
}: RankInspection): string {
  const row = (label: string, text: string) => `  ${label.padEnd(20)} ${text}`;
  return [
    row('MPI library', library),
    row('Processes', `${processes} on ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}`),
    ...hosts.map((host) => row(`  ${host.name}`, `${host.processes}`)),
    row('Barrier', formatTime(barrierMicroseconds)),
    ...allReduce.map(({ bytes, microseconds }) =>
      row(
        `All-reduce ${formatBytes(bytes)}`,
        `${formatTime(microseconds)}, ${formatBytes((1e6 * bytes) / microseconds)}/s`,
      ),
    ),
  ].join('\n');
}

const formatTime = (microseconds: number) =>
  microseconds < 1000 ? `${microseconds.toFixed(0)} µs` : `${(microseconds / 1000).toFixed(1)} ms`;
