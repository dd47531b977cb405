import { listBackbones } from '@unitsphere/backbones';
import { listClipTowers, listDistillationLosses } from '@unitsphere/clip-distiller';
import { SAMPLER_NAMES } from '@unitsphere/data';
import { listMarginLosses } from '@unitsphere/margin-losses/registry';
import { MATMUL_PRECISIONS } from '@unitsphere/mixed-precision';
import { listHeadNorms, listNecks } from '@unitsphere/necks';
import { listMiners, listPairLosses } from '@unitsphere/pair-losses/registry';
import { z } from 'zod';
import { DISTILLATION_SHAPE } from './distillation-settings.js';
import { FILE_SOURCES } from './file-sources.js';
import { LOSS_SHAPE } from './loss-settings.js';
import { MINER_SHAPE, PAIR_LOSS_SHAPE } from './pair-loss-settings.js';

/** The choices of every setting that has choices, under timm's and PyTorch's names where they exist. */
export const CHOICES = {
  backend: ['auto', 'cuda', 'webgpu', 'wasm', 'node', 'cpu'],
  source: ['documents', 'cards', 'faces', ...FILE_SOURCES],
  backbone: listBackbones(),
  border: ['replicate', 'reflect', 'constant'],
  sampler: SAMPLER_NAMES,
  stoppingMetric: ['tpr@1e-3', 'tpr@1e-4', 'auroc', 'rank1'],
  neck: listNecks(),
  norm: listHeadNorms(),
  loss: [...listMarginLosses(), 'none'],
  pairLoss: listPairLosses(),
  miner: listMiners(),
  lossGradient: ['exact', 'pass-through'],
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
  pairs: ['auto', 'real', 'augmented'],
} as const;

const count = () => z.int().min(1);
const fraction = () => z.number().min(0).max(1);
const positive = () => z.number().positive();
const notNegative = () => z.number().min(0);

const group = (change: string) =>
  fraction().default(0.5).describe(`Probability of ${change} for a changed image, 0 to 1.`);

const augment = z.strictObject({
  probability: fraction().default(1).describe('Probability that an image is changed at all, 0 to 1.'),
  groups: z
    .strictObject({
      geometric: group('a crop, or of a shift, scale and rotation,'),
      elastic: fraction()
        .default(0)
        .describe(
          'Probability of a smooth random deformation, as between two drawings of one character, for a changed image, 0 to 1.',
        ),
      blur: group('blur or JPEG compression'),
      noise: group('noise'),
      color: group('changed colors'),
    })
    .prefault({})
    .describe('Groups of changes. Each group is applied independently of the others.'),
  border: z
    .enum(CHOICES.border)
    .default('reflect')
    .describe("Pixels beyond the image's edge after a shift or rotation."),
});

const data = z.strictObject({
  source: z
    .enum(CHOICES.source)
    .default('documents')
    .describe(
      "Source of the images: generated documents, cards composed of photographs and print, generated faces, a folder (every file or subfolder is one identity), insightface's RecordIO, tar shards of WebDataset, or a CSV or Parquet list.",
    ),
  path: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Images to train on. Required with a source that has a path: a folder; NAME.rec with NAME.idx beside it (recordio); a tar file, a folder of them, an http(s) address or a pattern such as train-{000..015}.tar (webdataset); a list with the columns path and label, and optionally split, is_query, is_gallery, a box and landmarks (csv, parquet). On the command line: --data.',
    ),
  memory: notNegative()
    .optional()
    .describe(
      "Memory for decoded images, in MiB. Images that do not fit are read and decoded whenever they are needed. Only with a source that has a path. Default: half of the machine's memory, at most 4096.",
    ),
  identities: count()
    .optional()
    .describe(
      'Number of documents, cards or faces to generate. Only with source: documents, cards or faces. Default 1500.',
    ),
  photographs: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of photographs that become grounds of cards. Only with source: cards. Default: drawn textures only.',
    ),
  pictures: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'Icon collections on cards: npm packages of Iconify such as @iconify-json/noto, or paths of icons.json files. Only with source: cards. Default: none.',
    ),
  variants: fraction()
    .optional()
    .describe(
      'Fraction of the cards that share their design with others and differ in payment mark or tier, and in part in number, colors and words, as the products of one issuer do. Only with source: cards. Default 0.',
    ),
  passes: fraction()
    .optional()
    .describe(
      'Fraction of the cards that are identity cards, driving licenses, passports and business cards, whose forms several of them share. Only with source: cards. Default 0.',
    ),
  scenes: fraction()
    .optional()
    .describe(
      'Fraction of the images that are photographs of a card in clutter, tilted, with glare and partly covered. The others are flat. Only with source: cards. Default 0.',
    ),
  imageSize: z
    .int()
    .min(32)
    .max(1024)
    .default(128)
    .describe(
      "Width and height of the network's input in pixels: a multiple of the backbone's stride, which is 16 for vision transformers, IResNet and MobileFaceNet, and 32 for the others.",
    ),
  views: z
    .literal([1, 24])
    .default(1)
    .describe(
      'Number of classes per identity: 1, or 24 for its rotations, flips and halves, each of which is a separate class.',
    ),
  uprightSteps: z
    .int()
    .min(0)
    .optional()
    .describe(
      'Number of first steps that use only whole, upright images. Only with views: 24. Without it the network learns to tell views apart before identities, because that is easier. Default 0.',
    ),
  uprightFraction: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('Alternative to uprightSteps: a fraction of training.steps.'),
  imagesPerClass: count()
    .default(1)
    .describe(
      'Number of consecutive images of one class in a batch; must divide training.batchSize. With very many classes, each is sampled rarely; several images at once show the network what they have in common.',
    ),
  sampler: z
    .enum(CHOICES.sampler)
    .default('class-balanced')
    .describe(
      'How classes and images are drawn. class-balanced: every class equally often. instance-balanced: every image equally often. square-root: a class in proportion to the square root of its number of images. m-per-class: batches of different classes with imagesPerClass images each. hierarchical: superClassesPerBatch super-classes a batch, and classes of each.',
    ),
  superClassesPerBatch: count()
    .optional()
    .describe(
      'Number of super-classes in a batch; this number times imagesPerClass must divide training.batchSize. The super-class of an identity is the folder that contains its folder. Only with sampler: hierarchical. Default 2.',
    ),
  split: z
    .strictObject({
      train: z.number().positive().max(1).default(0.8).describe('Fraction of the identities for training.'),
      validation: fraction()
        .default(0.05)
        .describe('Fraction of the identities for validation during training.'),
      test: fraction()
        .default(0.15)
        .describe(
          'Fraction of the identities that are held out for the report. 0 requires evaluation.pairFiles; only these are then measured.',
        ),
    })
    .prefault({})
    .describe('Split of the identities. The fractions must add up to 1; no identity is in two parts.'),
  trainIdentities: count()
    .optional()
    .describe(
      'Number of identities of the training part to train on. The other parts do not change. Default: all.',
    ),
  augment: z
    .union([z.boolean(), augment])
    .optional()
    .describe(
      'Random changes of training images: true, false or a section of settings. Default: true for a folder and for cards; false for documents and faces, because each is photographed differently every time.',
    ),
  workers: z
    .union([z.literal('auto'), z.int().min(0).max(256)])
    .default('auto')
    .describe(
      'Number of threads that prepare images. With 0, the main thread prepares them between steps. auto: the cores that the replicas leave free, at least one for three replicas, at most 16, and no more than fit in memory.',
    ),
  strict: z
    .boolean()
    .default(false)
    .describe(
      'Refuse a folder in which one picture belongs to two identities or parts, instead of reporting it. On the command line: --strict-data.',
    ),
  cacheDir: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder for hashes and decoded images. Only with a source that has a path. Default: the system's cache folder.",
    ),
  cacheLimit: notNegative()
    .optional()
    .describe(
      'Limit of the decoded images of all sources in cacheDir, in MiB. The least recently used are deleted first. With 0, this run stores none. Only with a source that has a path. Default 16384.',
    ),
});

const model = z.strictObject({
  backbone: z
    .enum(CHOICES.backbone)
    .default('lcnet_050')
    .describe("Backbone, by timm's or insightface's name."),
  pretrained: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Backbone weights to start from: a safetensors, PyTorch or ONNX file, an http(s) address, or a model of the Hugging Face hub such as timm/lcnet_050.ra2_in1k. Or a shipped model, document-small or document-base, which also sets the neck, the head and data.imageSize. Default: random weights.',
    ),
  outIndex: z
    .int()
    .min(0)
    .optional()
    .describe(
      "Index of the backbone's feature map that the neck receives, as in timm's out_indices. Layers that only later maps require are not created: with 3, the map of stride 16 and about a third of an EfficientNet. Default: the last map.",
    ),
  freeze: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'Layers that are not trained, as prefixes of their names: backbone, backbone.conv_stem, backbone.blocks.0, … A frozen batch norm keeps its running averages. Default: none.',
    ),
  dropPathRate: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      'Stochastic depth: probability of skipping the last residual block. Earlier blocks have proportionally lower probabilities.',
    ),
  neck: z
    .enum(CHOICES.neck)
    .default('squeeze')
    .describe('Neck: the layer that converts the last feature map to a vector.'),
  squeezeRatio: positive()
    .max(1)
    .optional()
    .describe('Fraction of the channels that the neck keeps. Only with neck: squeeze. Default 0.25.'),
  embeddingSize: count().min(2).max(65536).default(256).describe('Number of values in an embedding.'),
  norm: z
    .enum(CHOICES.norm)
    .default('layernorm-batchnorm')
    .describe('Norm after each linear layer of the embedding head.'),
});

const partialFc = z.strictObject({
  sampleRate: positive()
    .max(1)
    .optional()
    .describe('Fraction of the classes that each step samples. Default 1: all classes, the full softmax.'),
  sampledClasses: count().optional().describe('Alternative to sampleRate: a number of classes.'),
  store: z
    .enum(CHOICES.centerStore)
    .default('memory')
    .describe(
      "Storage of the class centers: memory (the backend's), host (host memory; only sampled centers are uploaded), or file (in the run's folder, for more centers than fit into memory).",
    ),
  cacheMiB: positive()
    .optional()
    .describe(
      'Memory for centers in use, in MiB per replica. The rows of one step may exceed it. Only with store: file. Default 128.',
    ),
  unsampled: z
    .enum(CHOICES.unsampled)
    .default('frozen')
    .describe(
      'Optimizer updates of classes that a step does not sample. frozen: none. caught-up: when a class is sampled again, it first receives all updates that it missed.',
    ),
});

const pairs = z.strictObject({
  name: z.enum(CHOICES.pairLoss).describe('Pair or proxy loss, as in pytorch-metric-learning.'),
  weight: positive().default(1).describe('Factor of the pair loss, which is added to the margin loss.'),
  ...PAIR_LOSS_SHAPE,
  miner: z
    .strictObject({ name: z.enum(CHOICES.miner).describe('Choice of the pairs.'), ...MINER_SHAPE })
    .nullable()
    .default(null)
    .describe('Choice of pairs or triplets of a batch; null for all.'),
  memory: count()
    .nullable()
    .default(null)
    .describe(
      'Number of embeddings of past batches that a batch is compared with (cross-batch memory), at least training.batchSize; null for none.',
    ),
});

const loss = z.strictObject({
  name: z
    .enum(CHOICES.loss)
    .default('cosface')
    .describe(
      'Margin loss. softmax is the normalized softmax, without a margin. none: no margin loss and no class centers; only with loss.pairs.',
    ),
  pairs: pairs
    .nullable()
    .default(null)
    .describe(
      'Loss of pairs, triplets or proxies beside the margin loss, or with name: none alone; null for none.',
    ),
  scale: positive().default(16).describe('Factor of the cosines (s).'),
  ...LOSS_SHAPE,
  gradient: z
    .enum(CHOICES.lossGradient)
    .optional()
    .describe(
      "Derivative of the label's logit: exact (the margin's derivative) or pass-through (1 instead). Default exact; pass-through with sphereface, as its authors train it.",
    ),
  warmup: z
    .strictObject({
      steps: count().optional().describe('Number of steps until margin and scale reach their values.'),
      fraction: z
        .number()
        .gt(0)
        .max(1)
        .optional()
        .describe('Alternative to steps: a fraction of training.steps.'),
      marginFrom: notNegative()
        .optional()
        .describe(
          'Margin at the first step. Default: the lowest margin of the loss, 0 (1 with sphereface). With combined, m1 rises from 1, and m2 and m3 from 0.',
        ),
      scaleFrom: positive().optional().describe('Scale at the first step. Default: loss.scale.'),
    })
    .nullable()
    .default(null)
    .describe('Linear increase of the margin and the scale over the first steps; null for none.'),
  centerInit: z
    .enum(CHOICES.centerInit)
    .default('normal')
    .describe(
      'Initial class centers. normal: random. imprinted: the embedding of one image of each class, for a network that can already tell images apart (training.growFrom or model.pretrained); it need not relearn from random centers. Classes that growFrom also has keep their centers.',
    ),
  centerInitStd: positive().default(0.01).describe('Standard deviation of the initial class centers.'),
  interclassFilteringThreshold: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      'A cosine above this value with a class other than the label counts as 0, because both classes may show one identity. 0 disables the filter.',
    ),
  partialFc: partialFc
    .prefault({})
    .describe('PartialFC: how many classes each step samples for its softmax, and where centers are stored.'),
});

const optimizer = z.strictObject({
  name: z.enum(CHOICES.optimizer).default('adamw').describe('Optimizer.'),
  lr: positive().default(1e-2).describe('Highest learning rate, reached at the end of the warm-up.'),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .optional()
    .describe('Decay rates of the two moments. Only with name: adamw. Default [0.9, 0.999].'),
  eps: positive().optional().describe('Value added to the denominator. Only with name: adamw. Default 1e-8.'),
  momentum: z.number().min(0).lt(1).optional().describe('Momentum. Only with name: sgd. Default 0.9.'),
  nesterov: z
    .boolean()
    .optional()
    .describe('Whether to use Nesterov momentum. Only with name: sgd. Default false.'),
  weightDecay: notNegative()
    .default(1e-3)
    .describe('Weight decay. It does not apply to biases and norm scales.'),
  clipNorm: positive()
    .nullable()
    .default(5)
    .describe('Maximum joint norm of all gradients; null for no limit.'),
  layerDecay: positive()
    .max(1)
    .default(1)
    .describe(
      'Layer-wise learning rate decay: each backbone layer has the learning rate of the next layer times this factor, down to the stem. 1 gives all layers the same rate; values such as 0.75 suit pretrained weights.',
    ),
  centersLrScale: positive().default(0.1).describe('Learning rate of the class centers, relative to lr.'),
  ema: z
    .strictObject({
      decay: positive().lt(1).describe('Factor of the average at each step, such as 0.999.'),
    })
    .nullable()
    .default(null)
    .describe('Moving average of the weights, which is evaluated instead of the weights; null for none.'),
});

const schedule = z.strictObject({
  name: z
    .enum(CHOICES.schedule)
    .default('polynomial')
    .describe('Decay of the learning rate after the warm-up.'),
  warmup: z
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe('Fraction of training.steps over which the learning rate rises.'),
  power: positive()
    .optional()
    .describe('Exponent of the decay; 1 is a straight line. Only with name: polynomial. Default 1.'),
});

const precision = z.strictObject({
  matmul: z
    .enum(CHOICES.matmul)
    .default('highest')
    .describe(
      "Precision of the network's products and their gradients in training, in PyTorch's terms: highest is float32, high TensorFloat-32, medium bfloat16. Weights, norms, cosines, the loss and evaluation are always float32.",
    ),
  activations: z
    .enum(CHOICES.activations)
    .default('float32')
    .describe(
      "Data type of the network's activations that are stored for the backward pass. bfloat16 takes half the memory; gradients are then computed from rounded values.",
    ),
});

const training = z.strictObject({
  steps: count().default(1000).describe('Number of training steps, one batch each.'),
  batchSize: z.int().min(2).default(64).describe('Number of images per step.'),
  accumulate: z
    .int()
    .min(1)
    .default(1)
    .describe(
      'Gradient accumulation: number of parts in which each replica passes its images of a batch through the network, one after the other. Activations take 1/N of the memory; the batch, the loss and the gradient stay those of the whole batch, except that batch norm sees one part at a time. Each part but the last passes the network twice.',
    ),
  replicas: z
    .union([z.literal('auto'), z.int().min(1).max(256)])
    .default('auto')
    .describe(
      'Number of copies of the model that train in parallel, each on its part of every batch. The batch size does not change. auto: on wasm, as many as the cores have room for with training.threads each, which is one for 8 cores with native kernels; a single one on other backends and on each process of an MPI group.',
    ),
  threads: z
    .union([z.literal('auto'), z.int().min(1).max(32)])
    .default('auto')
    .describe(
      'Number of threads that share the work of each kernel of a replica. They share its weights and its batch, so batch norm sees all of its images. More than 1 requires @unitsphere/native and the backend wasm. Results have the same bits for any number. auto: with native kernels, the cores divided by training.replicas, at most 8; otherwise 1.',
    ),
  syncBatchNorm: z
    .boolean()
    .default(false)
    .describe(
      "Whether batch norm takes its statistics over the images of all replicas (PyTorch's SyncBatchNorm), as one replica would, instead of over each replica's own. Not on webgpu.",
    ),
  logEvery: count().default(10).describe('Steps between two lines of the metrics log.'),
  validateEvery: count()
    .nullable()
    .optional()
    .describe(
      'Steps between verifications on the validation identities; null for never. Default 200; null if data.split.validation is 0.',
    ),
  testEvery: count()
    .nullable()
    .default(null)
    .describe(
      "Steps between verifications on the test identities, for the report's learning curve; null for none. They do not influence training.",
    ),
  checkpointEvery: count()
    .nullable()
    .default(200)
    .describe('Steps between checkpoints; null for one at the end only.'),
  earlyStopping: z
    .strictObject({
      metric: z
        .enum(CHOICES.stoppingMetric)
        .default('tpr@1e-3')
        .describe(
          'Figure of the validation identities that has to rise. The best checkpoint is the one with the highest.',
        ),
      patience: count()
        .default(5)
        .describe('Number of verifications in a row without a rise after which the training ends.'),
      minDelta: notNegative().default(0).describe('Smallest rise of the best figure that counts.'),
    })
    .nullable()
    .default(null)
    .describe(
      'Ends the training once a figure of the validation identities no longer rises, and measures the best checkpoint; null for all steps. Requires validation identities and training.validateEvery.',
    ),
  growFrom: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of a trained run to start from: its weights, and its class centers for the classes that both runs have. On the command line: --grow.',
    ),
  keepCheckpoints: count()
    .default(2)
    .describe('Number of latest checkpoints to keep, in addition to the best one.'),
});

const evaluation = z.strictObject({
  pairs: z
    .enum(CHOICES.pairs)
    .default('auto')
    .describe(
      'Pairs of images that verification compares. real: different images of an identity, and no augmentation. augmented: augmented copies of its first image. auto: real if at least two identities have two images, with separate figures on augmented copies for identities with one image; else augmented.',
    ),
  imagesPerIdentity: z
    .int()
    .min(2)
    .max(1000)
    .default(9)
    .describe(
      'Largest number of images per identity: its first image and others at equal distances, or augmented copies.',
    ),
  pairFiles: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Verification sets in insightface's format, such as [lfw.bin, cfp_fp.bin]. Every training.validateEvery steps and at the end: accuracy over 10 folds, and validation rate at a false accept rate of 1e-3, with the embeddings of an image and of its mirror image added. They do not influence training.",
    ),
});

const triple = () => z.tuple([z.number(), z.number(), z.number()]);

const teacherPreprocessing = z.strictObject({
  imageSize: count().describe("Width and height of the teacher's input in pixels."),
  channelOrder: z.enum(CHOICES.channelOrder).default('RGB').describe("Channel order of the teacher's input."),
  mean: triple()
    .default([0.485, 0.456, 0.406])
    .describe("Value subtracted from pixel / 255, per channel. Default: ImageNet's mean."),
  std: z
    .tuple([positive(), positive(), positive()])
    .default([0.229, 0.224, 0.225])
    .describe("Divisor after the mean is subtracted, per channel. Default: ImageNet's standard deviation."),
  cropFraction: positive()
    .max(1)
    .default(1)
    .describe('Side of the central crop, as a fraction of the side of the resized image.'),
  cropMode: z
    .enum(CHOICES.cropMode)
    .default('squash')
    .describe(
      'center keeps the aspect ratio and cuts off both ends; squash changes the aspect ratio, as for training images.',
    ),
  interpolation: z
    .enum(CHOICES.interpolation)
    .default('bicubic')
    .describe('Interpolation of resized images.'),
});

const teacher = z.strictObject({
  clip: z
    .enum(CHOICES.clipTower)
    .optional()
    .describe(
      "CLIP image tower, by OpenCLIP's name. Requires weights. OpenAI's weights require a name that ends with -quickgelu.",
    ),
  weights: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Weights of the CLIP tower: a safetensors or PyTorch file, an http(s) address, or a model of the Hugging Face hub such as openai/clip-vit-base-patch32. Only with clip.',
    ),
  onnx: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Alternative to clip: an ONNX file of any vision network that outputs [batch, width]. Requires preprocessing, and ONNX Runtime: npm install onnxruntime-node.',
    ),
  preprocessing: teacherPreprocessing
    .optional()
    .describe("Conversion of images to the teacher's input. Only with onnx."),
  output: z
    .string()
    .min(1)
    .optional()
    .describe('Name of the output that holds the features, if there are several. Only with onnx.'),
  layout: z
    .enum(CHOICES.onnxLayout)
    .optional()
    .describe('Axis order of the input. Only with onnx. Default NCHW.'),
});

const distillation = z.strictObject({
  teacher: teacher.describe('Network whose features the student learns.'),
  loss: z
    .enum(CHOICES.distillationLoss)
    .default('rkd-distance')
    .describe("Distillation loss. reference is DocClassifier's own, which has hardly any effect."),
  ...DISTILLATION_SHAPE,
  center: z
    .boolean()
    .default(false)
    .describe("Whether to subtract the batch's mean from the teacher's features first."),
  weight: positive()
    .optional()
    .describe('Factor of this loss, which is added to the margin loss. Default 3 with rkd-distance, else 1.'),
  warmupSteps: z
    .int()
    .min(0)
    .default(0)
    .describe('Number of first steps over which the weight rises from 0.'),
  decay: z
    .enum(CHOICES.distillationDecay)
    .default('constant')
    .describe(
      'Change of the weight after the warm-up; linear and cosine reach finalWeight at the last step.',
    ),
  finalWeight: notNegative()
    .optional()
    .describe('Weight at the last step. Only with decay: linear or cosine. Default 0.'),
  batch: z
    .enum(CHOICES.distillationBatch)
    .default('augmented+clean')
    .describe(
      'Images that the student sees. augmented+clean: each image twice, augmented for the margin loss and clean for the distillation loss. clean or augmented: each image once, for both losses.',
    ),
  batchSize: count().default(32).describe('Number of images that the teacher processes at once.'),
  cacheDir: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder for the teacher's features, which are computed only once. Default: the system's cache folder.",
    ),
});

const output = z.strictObject({
  directory: z
    .string()
    .min(1)
    .default('runs')
    .describe('Folder that contains the runs. On the command line: --output.'),
  name: z
    .string()
    .regex(/^[^/\\]+$/)
    .refine((name) => name !== '.' && name !== '..')
    .optional()
    .describe("Name of the run's folder. Default: the config's name and the time."),
  plots: z
    .array(z.enum(['svg', 'png']))
    .refine((formats) => new Set(formats).size === formats.length, 'A format is listed twice.')
    .default(['svg', 'png'])
    .describe(
      "Formats of the report's plots in `plots/`. An empty list: no plot files; the report has the plots anyway.",
    ),
});

/**
 * The schema of a config file. Every key is optional: it has a default, or is only used with certain values of another key.
 * Unknown keys are errors.
 */
export const configSchema = z.strictObject({
  seed: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'Seed of all random numbers. Runs with the same seed are identical, for any number of workers.',
    ),
  backend: z
    .enum(CHOICES.backend)
    .default('auto')
    .describe('Backend that computes. auto selects the fastest one that works on this machine.'),
  data: data.prefault({}).describe('Images and their identities.'),
  model: model.prefault({}).describe('Backbone, neck and embedding head.'),
  loss: loss.prefault({}).describe('Margin loss and class centers.'),
  optimizer: optimizer.prefault({}).describe('Optimizer and learning rates.'),
  schedule: schedule.prefault({}).describe('Learning rate over the steps.'),
  precision: precision.prefault({}).describe('Numeric precision of training.'),
  training: training.prefault({}).describe('Length of the training, batches and checkpoints.'),
  evaluation: evaluation.prefault({}).describe('Images by which identities are compared.'),
  distillation: distillation
    .nullable()
    .default(null)
    .describe('Knowledge distillation from a teacher, in addition to the margin loss; null for none.'),
  output: output.prefault({}).describe('Location of the run.'),
});

/** A config as written in a file: every key is optional. */
export type ConfigInput = z.input<typeof configSchema>;

/** A config with valid values, before the keys that depend on each other are checked. */
export type CheckedConfig = z.output<typeof configSchema>;
