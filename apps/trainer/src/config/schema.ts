import { listBackbones } from '@unitsphere/backbones';
import { listClipTowers, listDistillationLosses } from '@unitsphere/clip-distiller';
import { MATMUL_PRECISIONS } from '@unitsphere/mixed-precision';
import { listHeadNorms, listNecks } from '@unitsphere/necks';
import { z } from 'zod';

/** The choices of every setting that has some; timm's and PyTorch's names where they have one. */
export const CHOICES = {
  backend: ['auto', 'cuda', 'webgpu', 'wasm', 'node', 'cpu'],
  source: ['documents', 'faces', 'folder'],
  backbone: listBackbones(),
  border: ['replicate', 'reflect', 'constant'],
  neck: listNecks(),
  norm: listHeadNorms(),
  loss: ['cosface', 'arcface', 'combined', 'softmax', 'adaface', 'curricularface', 'sphereface'],
  lossGradient: ['exact', 'pass-through'],
  sphereFaceForm: ['sphereface', 'sphereface-r'],
  centerInit: ['normal', 'imprinted'],
  centerStore: ['memory', 'host', 'file'],
  unsampled: ['frozen', 'caught-up'],
  optimizer: ['adamw', 'sgd'],
  schedule: ['polynomial', 'cosine', 'constant'],
  clipTower: listClipTowers(),
  distillationLoss: listDistillationLosses(),
  distillationBatch: ['augmented+clean', 'clean', 'augmented'],
  distillationDecay: ['constant', 'linear', 'cosine'],
  channelOrder: ['RGB', 'BGR'],
  cropMode: ['center', 'squash'],
  interpolation: ['nearest', 'bilinear', 'bicubic'],
  onnxLayout: ['NCHW', 'NHWC'],
  matmul: MATMUL_PRECISIONS,
  activations: ['float32', 'bfloat16'],
} as const;

const count = () => z.int().min(1);
const fraction = () => z.number().min(0).max(1);
const positive = () => z.number().positive();
const notNegative = () => z.number().min(0);

const group = (what: string) => fraction().default(0.5).describe(`How often ${what}, 0 to 1.`);

const augment = z.strictObject({
  probability: fraction().default(1).describe('How often an image is changed at all, 0 to 1.'),
  groups: z
    .strictObject({
      geometric: group('a changed image is cropped, or shifted, scaled and turned'),
      blur: group('it is blurred or JPEG-compressed'),
      noise: group('it gets noise'),
      color: group('its colors change'),
    })
    .prefault({})
    .describe('The groups of changes, each applied by itself.'),
  border: z
    .enum(CHOICES.border)
    .default('reflect')
    .describe('What a shifted or turned image shows beyond its edge.'),
});

const data = z.strictObject({
  source: z
    .enum(CHOICES.source)
    .default('documents')
    .describe(
      'Where images come from: the embedded generator of documents or that of painted faces, or a folder (a file or subfolder an identity).',
    ),
  path: z
    .string()
    .min(1)
    .optional()
    .describe('The folder of images (source: folder). On the command line: --data.'),
  identities: count()
    .optional()
    .describe('How many documents or faces to generate (source: documents or faces). Default 1500.'),
  imageSize: z
    .int()
    .min(32)
    .max(1024)
    .multipleOf(32)
    .default(128)
    .describe("The network's input, pixels a side; a multiple of 32, the backbone's stride."),
  views: z
    .literal([1, 24])
    .default(1)
    .describe('Classes an identity: 1, or 24 for its rotations, flips and halves, each a class of its own.'),
  uprightSteps: z
    .int()
    .min(0)
    .optional()
    .describe(
      'With 24 views: so many first steps take whole, upright images only. Views are easier to tell apart than identities and are learned first otherwise. Default 0.',
    ),
  uprightFraction: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("In the place of uprightSteps: the part of the training's steps, whatever their number."),
  imagesPerClass: count()
    .default(1)
    .describe(
      'Images of a class that follow each other in a batch; a divisor of training.batchSize. With very many classes, which are each met rarely, several show what belongs together.',
    ),
  split: z
    .strictObject({
      train: z.number().positive().max(1).default(0.8).describe('The fraction of identities trained on.'),
      validation: fraction().default(0.05).describe('The fraction of identities watched while training.'),
      test: z
        .number()
        .positive()
        .max(1)
        .default(0.15)
        .describe('The fraction of identities reported on, never looked at before.'),
    })
    .prefault({})
    .describe('How identities are divided; no identity is in two parts. Adds up to 1.'),
  trainIdentities: count()
    .optional()
    .describe(
      'How many identities of the training part are trained on; the other parts stay what they are. Default: all.',
    ),
  augment: z
    .union([z.boolean(), augment])
    .optional()
    .describe(
      'Whether, and how, training images are changed at random. Default: true for a folder, false for documents and faces, each of which is photographed anew.',
    ),
  workers: z
    .int()
    .min(0)
    .max(256)
    .default(1)
    .describe('Threads that prepare images; 0 does it between the steps.'),
  cacheDir: z
    .string()
    .min(1)
    .optional()
    .describe("Where decoded images are kept (source: folder). Default: the system's cache folder."),
});

const model = z.strictObject({
  backbone: z
    .enum(CHOICES.backbone)
    .default('lcnet_050')
    .describe("The backbone, by timm's or insightface's name."),
  pretrained: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Backbone weights to start from: a safetensors, PyTorch or ONNX file, an http(s) address, or a model of the Hugging Face hub such as timm/lcnet_050.ra2_in1k.',
    ),
  freeze: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'What is not trained, by the beginning of its name: backbone, backbone.conv_stem, backbone.blocks.0 … Batch norm in it keeps its running averages. Default: nothing.',
    ),
  dropPathRate: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      'Stochastic depth: how often the last residual block is left out; earlier ones less, in proportion.',
    ),
  neck: z.enum(CHOICES.neck).default('squeeze').describe('What makes a vector of the last feature map.'),
  squeezeRatio: positive()
    .max(1)
    .optional()
    .describe('Channels that the squeeze neck keeps, as a fraction. Default 0.25.'),
  embeddingSize: count().max(65536).default(256).describe('The length of the embedding.'),
  norm: z
    .enum(CHOICES.norm)
    .default('layernorm-batchnorm')
    .describe('The normalization after each linear layer.'),
});

const partialFc = z.strictObject({
  sampleRate: positive()
    .max(1)
    .optional()
    .describe('The fraction of the classes that a step samples. Default 1: all, the full softmax.'),
  sampledClasses: count().optional().describe('In its place: how many classes a step samples.'),
  store: z
    .enum(CHOICES.centerStore)
    .default('memory')
    .describe(
      "Where class centers live: in the backend's memory, in the host's with only the sampled ones going up, or in a file in the run's folder, for more than memory holds.",
    ),
  cacheMiB: positive()
    .optional()
    .describe(
      'store: file: memory for centers in use, a replica, in MiB; more where the rows of a step take more. Default 128.',
    ),
  unsampled: z
    .enum(CHOICES.unsampled)
    .default('frozen')
    .describe(
      'What the optimizer does to a class that is not sampled: nothing, or, when it is next sampled, all it would have done.',
    ),
});

const loss = z.strictObject({
  name: z
    .enum(CHOICES.loss)
    .default('cosface')
    .describe('The margin loss; softmax is the one without a margin.'),
  scale: positive().default(16).describe('What cosines are multiplied with (s).'),
  margin: notNegative()
    .optional()
    .describe(
      'CosFace: taken from the cosine. ArcFace, CurricularFace: added to the angle, radians. AdaFace: m. SphereFace: the factor on the angle, at least 1. Default 0.2; adaface 0.4, curricularface 0.5, sphereface 1.7.',
    ),
  m1: z.number().min(1).optional().describe('Combined margin: the factor on the angle. Default 1.'),
  m2: notNegative().optional().describe('Combined margin: added to the angle, radians. Default 0.3.'),
  m3: notNegative().optional().describe('Combined margin: taken from the cosine. Default 0.2.'),
  h: notNegative()
    .lt(10)
    .optional()
    .describe(
      "AdaFace: how far a standard deviation of the embeddings' norms moves the margin. Default 0.333.",
    ),
  tAlpha: fraction()
    .optional()
    .describe('AdaFace: how far a batch moves the running mean and deviation of the norms. Default 0.01.'),
  momentum: fraction()
    .optional()
    .describe(
      "CurricularFace: how far a batch moves t, the running mean of the labels' cosines. Default 0.01.",
    ),
  form: z
    .enum(CHOICES.sphereFaceForm)
    .optional()
    .describe(
      'SphereFace: how the curve goes on where margin times angle passes π: falling on, or at -1 as in SphereFace-R. Default sphereface.',
    ),
  gradient: z
    .enum(CHOICES.lossGradient)
    .optional()
    .describe(
      "How the label's logit is differentiated: with the margin's slope, or with 1 in its place. Default exact; sphereface pass-through, its authors' way.",
    ),
  warmup: z
    .strictObject({
      steps: count().optional().describe('Steps until margin and scale are at their values.'),
      fraction: z
        .number()
        .gt(0)
        .max(1)
        .optional()
        .describe("In the place of steps: the part of the training's steps, whatever their number."),
      marginFrom: notNegative().optional().describe('The margin at the first step. Default 0; sphereface 1.'),
      scaleFrom: positive().optional().describe('The scale at the first step. Default: the scale itself.'),
    })
    .nullable()
    .default(null)
    .describe('Raise the margin (and the scale) over the first steps.'),
  centerInit: z
    .enum(CHOICES.centerInit)
    .default('normal')
    .describe(
      'Where class centers begin: drawn at random, or, of a network that tells images apart already (training.growFrom, model.pretrained), where it sees an image of the class, which spares it relearning from random ones. Classes that growFrom has too keep theirs.',
    ),
  centerInitStd: positive().default(0.01).describe('Standard deviation of the class centers at the start.'),
  interclassFilteringThreshold: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      "A cosine above this with a class that is not the image's counts as 0: the two classes may be one. 0 for none.",
    ),
  partialFc: partialFc
    .prefault({})
    .describe(
      'PartialFC: how many of the classes each step takes into its softmax, and where their centers live.',
    ),
});

const optimizer = z.strictObject({
  name: z.enum(CHOICES.optimizer).default('adamw'),
  lr: positive().default(1e-2).describe('The learning rate at its highest.'),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .optional()
    .describe('AdamW: decay of the two moments. Default [0.9, 0.999].'),
  eps: positive().optional().describe('AdamW: added to the denominator. Default 1e-8.'),
  momentum: z.number().min(0).lt(1).optional().describe('SGD: default 0.9.'),
  nesterov: z.boolean().optional().describe('SGD: default false.'),
  weightDecay: notNegative().default(1e-3).describe('Decay of weights; not of biases and norm scales.'),
  clipNorm: positive()
    .nullable()
    .default(5)
    .describe("The gradients' highest joint norm; null for no limit."),
  layerDecay: positive()
    .max(1)
    .default(1)
    .describe(
      'Each layer of the backbone has the learning rate of the one behind it times this, down to the stem; for pretrained weights, such as 0.75. 1 for the same everywhere.',
    ),
  centersLrScale: positive().default(0.1).describe("The class centers' learning rate, as a factor of lr."),
  ema: z
    .strictObject({
      decay: positive().lt(1).describe('How much of the average each step keeps, such as 0.999.'),
    })
    .nullable()
    .default(null)
    .describe('Keep a moving average of the weights and evaluate that.'),
});

const schedule = z.strictObject({
  name: z
    .enum(CHOICES.schedule)
    .default('polynomial')
    .describe('How the learning rate falls after the warm-up.'),
  warmup: z.number().min(0).lt(1).default(0.1).describe('The fraction of steps over which the rate rises.'),
  power: positive().optional().describe('Polynomial: the exponent. Default 1, a straight line.'),
});

const precision = z.strictObject({
  matmul: z
    .enum(CHOICES.matmul)
    .default('highest')
    .describe(
      "How precise the network's products are in training, with their gradients, in PyTorch's words: highest is float32, high TensorFloat-32, medium bfloat16. Weights, norms, cosines, the loss and evaluation stay float32.",
    ),
  activations: z
    .enum(CHOICES.activations)
    .default('float32')
    .describe(
      "How the network's activations wait for the backward pass: bfloat16 takes half the memory, and rounds what gradients are computed from.",
    ),
});

const training = z.strictObject({
  steps: count().default(1000).describe('How many batches to train on.'),
  batchSize: z.int().min(2).default(64).describe('Images a step.'),
  replicas: z
    .union([z.literal('auto'), z.int().min(1).max(256)])
    .default('auto')
    .describe(
      'Copies of the model that train at once, each on its part of every batch, on a core each; the batch stays what it is. auto: one a core on wasm, one elsewhere.',
    ),
  logEvery: count().default(10).describe('Steps between lines of metrics.'),
  validateEvery: count()
    .nullable()
    .optional()
    .describe('Steps between verifications of the validation identities; null for never. Default 200.'),
  testEvery: count()
    .nullable()
    .default(null)
    .describe(
      'Steps between verifications of the held-out identities, for the curve in the report; nothing is chosen by it.',
    ),
  checkpointEvery: count()
    .nullable()
    .default(200)
    .describe('Steps between checkpoints; null for only at the end.'),
  growFrom: z
    .string()
    .min(1)
    .optional()
    .describe(
      "A trained run's folder: begin with its weights, and with its class centers for the classes that it has too. On the command line: --grow.",
    ),
  keepCheckpoints: count()
    .default(2)
    .describe('How many of the newest checkpoints are kept, beside the best.'),
});

const triple = () => z.tuple([z.number(), z.number(), z.number()]);

const teacherPreprocessing = z.strictObject({
  imageSize: count().describe('Pixels a side of its input.'),
  channelOrder: z.enum(CHOICES.channelOrder).default('RGB'),
  mean: triple()
    .default([0.485, 0.456, 0.406])
    .describe("Taken from pixel / 255, a channel each. Default: ImageNet's."),
  std: z
    .tuple([positive(), positive(), positive()])
    .default([0.229, 0.224, 0.225])
    .describe("What the difference is divided by. Default: ImageNet's."),
  cropFraction: positive()
    .max(1)
    .default(1)
    .describe('The side of the input over that of the image it is cut from, at the center.'),
  cropMode: z
    .enum(CHOICES.cropMode)
    .default('squash')
    .describe(
      'center: the aspect ratio is kept and ends are cut away; squash: it is not, as training images.',
    ),
  interpolation: z.enum(CHOICES.interpolation).default('bicubic').describe('How images are resized.'),
});

const teacher = z.strictObject({
  clip: z
    .enum(CHOICES.clipTower)
    .optional()
    .describe(
      "A CLIP image tower, by OpenCLIP's name; OpenAI's weights need a -quickgelu one. Give weights too.",
    ),
  weights: z
    .string()
    .min(1)
    .optional()
    .describe(
      'clip: its weights, a safetensors or PyTorch file, an http(s) address, or a model of the Hugging Face hub such as openai/clip-vit-base-patch32.',
    ),
  onnx: z
    .string()
    .min(1)
    .optional()
    .describe(
      'In its place: any vision network in an ONNX file that gives [batch, width]. Wants ONNX Runtime: npm install onnxruntime-node.',
    ),
  preprocessing: teacherPreprocessing.optional().describe('onnx: how images become its input.'),
  output: z
    .string()
    .min(1)
    .optional()
    .describe('onnx: the name of the output that is the feature, where there are several.'),
  layout: z
    .enum(CHOICES.onnxLayout)
    .optional()
    .describe("onnx: the order of its input's axes. Default NCHW."),
});

const distillation = z.strictObject({
  teacher: teacher.describe('Whose features the student learns.'),
  loss: z
    .enum(CHOICES.distillationLoss)
    .default('rkd-distance')
    .describe("How it learns them; reference is DocClassifier's own, which hardly acts."),
  temperature: positive().optional().describe('loss: kl (default 0.05) and contrastive (default 0.07).'),
  timesTemperatureSquared: z
    .boolean()
    .optional()
    .describe('loss: kl, as in Hinton et al. 2015. Default false.'),
  normalize: z.boolean().optional().describe('loss: mse, of unit vectors. Default false.'),
  center: z
    .boolean()
    .default(false)
    .describe("Whether the batch's mean is taken from the teacher's features first."),
  weight: positive()
    .optional()
    .describe("The loss's factor, beside the margin loss. Default 3 of rkd-distance, 1 of others."),
  warmupSteps: z.int().min(0).default(0).describe('Steps over which the weight grows from 0.'),
  decay: z
    .enum(CHOICES.distillationDecay)
    .default('constant')
    .describe('How the weight moves from there to finalWeight at the last step.'),
  finalWeight: notNegative().optional().describe('decay: linear or cosine. Default 0.'),
  batch: z
    .enum(CHOICES.distillationBatch)
    .default('augmented+clean')
    .describe(
      'What the student sees. augmented+clean: both, the margin loss of the one half and this loss of the other; clean, or augmented: that alone, for both losses.',
    ),
  batchSize: count().default(32).describe('Images that the teacher sees at once.'),
  cacheDir: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Where the teacher's features are kept, each computed once. Default: in the system's cache folder.",
    ),
});

const output = z.strictObject({
  directory: z
    .string()
    .min(1)
    .default('runs')
    .describe('The folder that holds runs. On the command line: --output.'),
  name: z
    .string()
    .regex(/^[^/\\]+$/)
    .refine((name) => name !== '.' && name !== '..')
    .optional()
    .describe("The run's folder in it. Default: the config's name and the time."),
});

/** The schema of a config file. Every key has a default or belongs to another key's choice; unknown keys are errors. */
export const configSchema = z.strictObject({
  seed: z.int().min(0).default(0).describe('One seed gives the same run, whatever the number of workers.'),
  backend: z
    .enum(CHOICES.backend)
    .default('auto')
    .describe('What computes; auto takes the fastest that works here.'),
  data: data.prefault({}),
  model: model.prefault({}),
  loss: loss.prefault({}),
  optimizer: optimizer.prefault({}),
  schedule: schedule.prefault({}),
  precision: precision.prefault({}),
  training: training.prefault({}),
  distillation: distillation
    .nullable()
    .default(null)
    .describe("A teacher's knowledge, learned beside the classes; null for none."),
  output: output.prefault({}),
});

/** A config as it is written: every key may be left out. */
export type ConfigInput = z.input<typeof configSchema>;

/** A config of valid values, before keys that depend on each other were looked at. */
export type CheckedConfig = z.output<typeof configSchema>;
