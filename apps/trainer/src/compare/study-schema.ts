import { z } from 'zod';

/** What arms can be compared by: held-out figures, the higher the better. */
export const METRICS = ['tpr@1e-1', 'tpr@1e-2', 'tpr@1e-3', 'tpr@1e-4', 'auroc', 'rank1'] as const;

const name = () =>
  z
    .string()
    .regex(/^[\w-]+$/)
    .describe('Letters, digits, - and _: it names a folder.');

const settings = () =>
  z
    .record(z.string().min(1), z.unknown())
    .default({})
    .describe('Settings by key, as of `unitsphere train --set`: model.norm: batchnorm.');

const grid = z
  .record(z.string().min(1), z.array(z.unknown()).min(1))
  .describe('Values to try by key; every combination is one candidate.');

const arm = z.strictObject({
  name: name(),
  label: z.string().min(1).optional().describe('What tables call it. Default: its name.'),
  set: settings(),
  grid: grid.optional().describe("In place of the study's search.grid."),
});

const dataset = z.strictObject({
  name: name(),
  label: z.string().min(1).optional(),
  set: settings(),
});

const budget = z
  .strictObject({
    steps: z
      .int()
      .min(1)
      .optional()
      .describe('Training steps that each arm may spend with each seed, its search among them.'),
    seconds: z
      .number()
      .positive()
      .optional()
      .describe('Seconds in training steps that each arm may spend with each seed, its search among them.'),
  })
  .describe('What every arm gets alike. Both given are two comparisons, one of each.');

const search = z.strictObject({
  steps: z.int().min(1).describe('Training steps of a candidate.'),
  grid,
  metric: z
    .enum(METRICS)
    .optional()
    .describe("What candidates are chosen by, on the validation identities. Default: the study's metric."),
});

/** The schema of a study: arms that differ in one factor each, trained alike and compared. */
export const studySchema = z.strictObject({
  title: z.string().min(1),
  question: z.string().min(1).describe('What it is to answer, a sentence.'),
  reference: z.string().min(1).optional().describe('What the reference system said, a sentence.'),
  base: z
    .string()
    .min(1)
    .describe("The config that arms differ from, a file's path from the study's folder."),
  set: settings().describe('Settings over the base, the same in every arm.'),
  factors: z.array(z.string().min(1)).min(1).describe('The keys that arms may set; nothing else differs.'),
  arms: z.array(arm).min(2),
  baseline: z.string().optional().describe('The arm that the others are compared with. Default: the first.'),
  data: z
    .array(dataset)
    .min(1)
    .optional()
    .describe('Sets of images, each a comparison of its own. Default: those of the base.'),
  metric: z.enum(METRICS).default('tpr@1e-3').describe('What arms are compared by, on held-out identities.'),
  seeds: z.int().min(2).max(1000).default(3).describe('Trainings of each arm. On the command line: --seeds.'),
  budget,
  search: search
    .optional()
    .describe('A search of each arm with each seed, on validation identities only, before it is trained.'),
  curvePoints: z
    .int()
    .min(0)
    .default(5)
    .describe('How many points of held-out figures the learning curves have; nothing is chosen by them.'),
});

/** A study as it was written, with defaults filled in. */
export type CheckedStudy = z.output<typeof studySchema>;
/** What arms can be compared by. */
export type Metric = (typeof METRICS)[number];
