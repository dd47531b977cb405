import { formatDigits, formatSummary } from '../format.js';
import { renderTable } from '../table.js';
import type { MpiReport, MpiSize } from './run-mpi.js';

/** Names of the libraries in tables. */
export const LIBRARY_NAMES = { openmpi: 'Open MPI', mpich: 'MPICH' };

/** Renders the report as Markdown: a row for each size. */
export function printMpi({ library, version, ranks, machine, sizes }: MpiReport): string {
  const bandwidth = ({ bytes }: MpiSize, microseconds: number) => formatDigits(bytes / 1e3 / microseconds);
  return [
    `All-reduce of float32 on ${ranks} processes of one machine, ${LIBRARY_NAMES[library]} ${version}, ${machine.cores} cores of ${machine.cpu}. Median (lowest–highest) of ${sizes[0]?.ours.repetitions} rounds.`,
    '',
    renderTable<MpiSize>(
      [
        { title: 'KiB', value: ({ bytes }) => String(bytes / 2 ** 10) },
        { title: 'MpiCommunicator, µs', value: ({ ours }) => formatSummary(ours) },
        { title: 'MPI_Allreduce in C, µs', value: ({ library }) => formatSummary(library) },
        { title: 'GB/s', value: (size) => bandwidth(size, size.ours.median) },
        { title: 'GB/s in C', value: (size) => bandwidth(size, size.library.median) },
        { title: 'ratio of bandwidths', value: ({ ratio }) => formatSummary(ratio) },
      ],
      sizes,
    ),
  ].join('\n');
}
