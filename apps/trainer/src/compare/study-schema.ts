import { z } from 'zod';

/** The metrics by which arms can be compared. Higher is better. */
export const METRICS = ['tpr@1e-1', 'tpr@1e-2', 'tpr@1e-3', 'tpr@1e-4', 'auroc', 'rank1'] as const;

const name = () =>
  z
    .string()
    .regex(/^[\w-]+$/)
    .describe('Letters, digits, - and _. It is the name of a folder.');

const settings = () =>
  z
    .record(z.string().min(1), z.unknown())
    .default({})
    .describe('Settings by key, as for `unitsphere train --set`, for example model.norm: batchnorm.');

const grid = z
  .record(z.string().min(1), z.array(z.unknown()).min(1))
  .describe('Values to try, by key. Every combination is one candidate.');

const arm = z.strictObject({
  name: name(),
  label: z.string().min(1).optional().describe('Name in tables and plots. Default: its name.'),
  set: settings(),
  grid: grid.optional().describe("Replaces the study's search.grid for this arm."),
});

const dataset = z.strictObject({
  name: name(),
  label: z.string().min(1).optional(),
  set: settings(),
});

const budget = z
  .strictObject({
    steps: z.int().min(1).optional().describe('Training steps of each arm and seed, including its search.'),
    seconds: z
      .number()
      .positive()
      .optional()
      .describe('Seconds in training steps of each arm and seed, including its search.'),
  })
  .describe('The budget of every arm. If both are given, each is a comparison of its own.');

const search = z.strictObject({
  steps: z.int().min(1).describe('Training steps of a candidate.'),
  grid,
  metric: z
    .enum(METRICS)
    .optional()
    .describe("The metric on validation identities that chooses a candidate. Default: the study's metric."),
});

/** The schema of a study: arms that differ only in the study's factors, trained under equal conditions and compared. */
export const studySchema = z.strictObject({
  title: z.string().min(1),
  question: z.string().min(1).describe('The question that the study answers, as a sentence.'),
  reference: z.string().min(1).optional().describe('The claim of the reference system, as a sentence.'),
  base: z.string().min(1).describe("Path of the base config, relative to the study's folder."),
  set: settings().describe('Settings of every arm, which replace those of the base config.'),
  factors: z.array(z.string().min(1)).min(1).describe('The keys in which arms may differ.'),
  arms: z.array(arm).min(2),
  baseline: z.string().optional().describe('The arm with which the others are compared. Default: the first.'),
  data: z
    .array(dataset)
    .min(1)
    .optional()
    .describe('Sets of images; each is a comparison of its own. Default: the images of the base config.'),
  metric: z
    .enum(METRICS)
    .default('tpr@1e-3')
    .describe('The metric on held-out identities by which arms are compared.'),
  seeds: z.int().min(2).max(1000).default(3).describe('Trainings per arm. On the command line: --seeds.'),
  budget,
  search: search
    .optional()
    .describe('A search for settings before each training, on validation identities only.'),
  curvePoints: z
    .int()
    .min(0)
    .default(5)
    .describe(
      'Number of points of the learning curves on held-out identities. They do not influence the training.',
    ),
});

/** A study as written, with defaults filled in. */
export type CheckedStudy = z.output<typeof studySchema>;
/** A metric by which arms can be compared. */
export type Metric = (typeof METRICS)[number];
