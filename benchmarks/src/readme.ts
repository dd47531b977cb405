import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { printAgreement } from './agreement/print-agreement.js';
import type { AgreementReport } from './agreement/run-agreement.js';
import { printArms } from './arms/print-arms.js';
import type { ArmsReport } from './arms/run-arms.js';
import { printCardModel } from './card-model/print-card-model.js';
import type { CardModelReport } from './card-model/run-card-model.js';
import { printData } from './data/print-data.js';
import { printLargeSet } from './data/print-large-set.js';
import type { DataReport } from './data/run-data.js';
import type { LargeSetReport } from './data/run-large-set.js';
import { printFirstLosses } from './first-losses/print-first-losses.js';
import type { FirstLossesReport } from './first-losses/run-first-losses.js';
import { printGallery } from './gallery/print-gallery.js';
import type { GalleryReport } from './gallery/run-gallery.js';
import { printIdentities } from './identities/print-identities.js';
import type { IdentitiesReport } from './identities/run-identities.js';
import { printEngines } from './inference/print-engines.js';
import { printInference } from './inference/print-inference.js';
import type { EnginesReport } from './inference/run-engines.js';
import type { InferenceReport } from './inference/run-inference.js';
import { printCoverage } from './interval-coverage/print-coverage.js';
import type { CoverageReport } from './interval-coverage/run-coverage.js';
import { printMemory } from './memory/print-memory.js';
import type { MemoryReport } from './memory/run-memory.js';
import { printMpi } from './mpi/print-mpi.js';
import { printMpiTraining } from './mpi/print-mpi-training.js';
import type { MpiReport } from './mpi/run-mpi.js';
import type { MpiTrainingReport } from './mpi/run-mpi-training.js';
import { printOneShot } from './one-shot/print-one-shot.js';
import type { OneShotReport } from './one-shot/run-one-shot.js';
import { printOps } from './ops/print-ops.js';
import type { OpsReport } from './ops/run-ops.js';
import { printPairLosses } from './pair-losses/print-pair-losses.js';
import type { PairLossesReport } from './pair-losses/run-pair-losses.js';
import type { PartialFCReport } from './partial-fc/partial-fc-report.js';
import { printPartialFC } from './partial-fc/print-partial-fc.js';
import { printPrecision } from './precision/print-precision.js';
import { printPrecisionLosses } from './precision/print-precision-losses.js';
import type { PrecisionReport } from './precision/run-precision.js';
import type { PrecisionLossesReport } from './precision/run-precision-losses.js';
import { printGpuProfile } from './profile/print-gpu-profile.js';
import { printProfile } from './profile/print-profile.js';
import type { GpuProfileReport } from './profile/run-gpu-profile.js';
import type { ProfileReport } from './profile/run-profile.js';
import { printQuantization } from './quantization/print-quantization.js';
import type { QuantizationReport } from './quantization/run-quantization.js';
import { printRecognition } from './recognition/print-recognition.js';
import type { RecognitionReport } from './recognition/run-recognition.js';
import { printStep } from './step/print-step.js';
import { printSweep } from './step/print-sweep.js';
import type { SweepReport } from './step/run-sweep.js';
import type { StepReport } from './step/step-report.js';
import { printVerification } from './verification/print-verification.js';
import type { VerificationReport } from './verification/run-verification.js';

type Report =
  | StepReport
  | SweepReport
  | OpsReport
  | MemoryReport
  | IdentitiesReport
  | PartialFCReport
  | AgreementReport
  | FirstLossesReport
  | VerificationReport
  | CardModelReport
  | CoverageReport
  | DataReport
  | LargeSetReport
  | GalleryReport
  | EnginesReport
  | InferenceReport
  | MpiReport
  | MpiTrainingReport
  | OneShotReport
  | PairLossesReport
  | ArmsReport
  | PrecisionReport
  | PrecisionLossesReport
  | ProfileReport
  | GpuProfileReport
  | QuantizationReport
  | RecognitionReport;

/** Renders the report of any benchmark as Markdown. */
export function print(report: Report): string {
  switch (report.benchmark) {
    case 'step':
      return printStep(report);
    case 'sweep':
      return printSweep(report);
    case 'card-model':
      return printCardModel(report);
    case 'ops':
      return printOps(report);
    case 'memory':
      return printMemory(report);
    case 'identities':
      return printIdentities(report);
    case 'partial-fc':
      return printPartialFC(report);
    case 'agreement':
      return printAgreement(report);
    case 'first-losses':
      return printFirstLosses(report);
    case 'verification':
      return printVerification(report);
    case 'data':
      return printData(report);
    case 'large-set':
      return printLargeSet(report);
    case 'gallery':
      return printGallery(report);
    case 'quantization':
      return printQuantization(report);
    case 'inference':
      return printEngines(report);
    case 'export-latency':
      return printInference(report);
    case 'coverage':
      return printCoverage(report);
    case 'fine-tune':
    case 'distillation':
    case 'replicas':
      return printArms(report);
    case 'mpi':
      return printMpi(report);
    case 'mpi-training':
      return printMpiTraining(report);
    case 'one-shot':
      return printOneShot(report);
    case 'pair-losses':
      return printPairLosses(report);
    case 'precision':
      return printPrecision(report);
    case 'precision-losses':
      return printPrecisionLosses(report);
    case 'recognition':
      return printRecognition(report);
    case 'profile':
      return printProfile(report);
    case 'gpu-profile':
      return printGpuProfile(report);
  }
}

/**
 * Inserts each report between the markers of its name, `<!-- bench NAME -->` and `<!-- /bench NAME -->`.
 * @throws Error if the text has no markers for a name.
 */
export function fillTables(markdown: string, reports: Readonly<Record<string, Report>>): string {
  return Object.entries(reports).reduce((text, [name, report]) => {
    const [open, close] = [`<!-- bench ${name} -->`, `<!-- /bench ${name} -->`];
    const [from, to] = [text.indexOf(open), text.indexOf(close)];
    if (from < 0 || to < from) {
      throw new Error(`The text has no markers for the tables of ${name}; add ${open} and ${close}.`);
    }
    const filled = `\n${print(report)}\n\nMeasured ${report.date.slice(0, 10)}.\n`;
    return text.slice(0, from + open.length) + filled + text.slice(to);
  }, markdown);
}

/**
 * Rewrites the tables of a README from the JSON files in a folder. The name of a file is the name of its markers.
 * @returns The names of the JSON files.
 */
export async function writeTables(readme: string, folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  const reports = await Promise.all(
    files.map(
      async (file) =>
        [basename(file, '.json'), JSON.parse(await readFile(join(folder, file), 'utf8')) as Report] as const,
    ),
  );
  await writeFile(readme, fillTables(await readFile(readme, 'utf8'), Object.fromEntries(reports)));
  return files;
}
