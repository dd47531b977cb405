import { formatDigits, formatMegabytes, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { renderTable } from '../table.js';
import { LIBRARY_NAMES } from './print-mpi.js';
import type { MpiTrainingReport } from './run-mpi-training.js';

/** Renders the report as Markdown: the measured steps, and the predicted ones for each number of hosts. */
export function printMpiTraining(report: MpiTrainingReport): string {
  const { library, version, machine, backbone, imageSize, batchSize, steps, costs, twoHosts } = report;
  const rows: [string, string, string][] = [
    ['2 threads', formatSummary(report.threads), '1'],
    ['2 processes', formatSummary(report.processes), formatSummary(report.ratio)],
  ];
  const hosts = report.predictions[0].steps.map((step) => step.hosts);
  return [
    `A training of ${backbone} on ${imageSize} px images, batch ${batchSize}, ${LIBRARY_NAMES[library]} ${version}, ${formatMachine(machine)}. Median (lowest–highest) of ${report.threads.repetitions} trainings, each the median of ${steps} steps.`,
    '',
    renderTable<(typeof rows)[number]>(
      [
        { title: 'replicas', value: ([name]) => name, align: 'left' },
        { title: 'step, ms', value: ([, time]) => time },
        { title: 'speed beside threads', value: ([, , ratio]) => ratio },
      ],
      rows,
    ),
    '',
    ...(twoHosts
      ? [
          `Two network namespaces stand for two hosts, with one process each. Their link: ${twoHosts.link}. On it, MPI_Allreduce in C reaches ${formatDigits(twoHosts.measured.gigabits)} Gbit/s, and a small exchange takes ${formatDigits(1000 * twoHosts.measured.latencyMs)} µs. A step takes ${formatSummary(twoHosts.step)} ms. The model predicts ${formatSummary(twoHosts.predicted)} ms, ${formatSummary(twoHosts.ratio)} of the measurement.`,
          '',
        ]
      : []),
    `The model for hosts that each train ${costs.images} images in ${formatDigits(costs.computeMs)} ms and reduce ${formatMegabytes(costs.gradientBytes)} MB of gradients: milliseconds of a step, and the images per second beside those of as many separate hosts.`,
    '',
    renderTable<number>(
      [
        { title: 'hosts', value: (count) => String(count) },
        ...report.predictions.map(({ link, steps }) => ({
          title: `${link.gigabits} Gbit/s, ${1000 * link.latencyMs} µs`,
          value: (count: number) => {
            const { milliseconds } = steps.find((step) => step.hosts === count) as (typeof steps)[number];
            return `${formatDigits(milliseconds)} (${Math.round((100 * costs.computeMs) / milliseconds)} %)`;
          },
        })),
      ],
      hosts,
    ),
  ].join('\n');
}
