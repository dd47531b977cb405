import type { Backbone, BackboneEntry, BackboneOptions, FeatureInfo } from './backbone.js';
import { catalog } from './catalog.js';
import { efficientnets } from './efficientnet.js';
import { iresnets } from './iresnet.js';
import { lcnets } from './lcnet.js';
import { mobilefacenets } from './mobilefacenet.js';
import { mobilenetv3s } from './mobilenetv3.js';
import { mobilenetv4s } from './mobilenetv4.js';
import { resnets } from './resnet.js';
import { vits } from './vit.js';

// A new family is one file and one line here; `npm run catalog -w packages/backbones` then writes its figures.
export const entries = {
  ...lcnets,
  ...mobilenetv3s,
  ...resnets,
  ...efficientnets,
  ...mobilenetv4s,
  ...iresnets,
  ...mobilefacenets,
  ...vits,
} satisfies Record<string, BackboneEntry>;

/** The name of a backbone, as timm or insightface has it. */
export type BackboneName = keyof typeof entries;

/** What a backbone is, told without making it; all maps, images of 3 channels. */
export interface BackboneDescription {
  name: BackboneName;
  /** Height and width of the images that its published weights were trained on. */
  inputSize: number;
  /** Number of trained values. */
  parameters: number;
  /** Multiply-accumulates of the convolutions and matrix products for one image of inputSize. */
  multiplyAdds: number;
  /** Its maps: channels, and input pixels for one place. */
  featureInfo: readonly FeatureInfo[];
}

/** Every backbone's name. */
export function listBackbones(): BackboneName[] {
  return Object.keys(entries) as BackboneName[];
}

function entryOf(caller: string, name: BackboneName): BackboneEntry {
  if (!Object.hasOwn(entries, name))
    throw new Error(`${caller}: there is no backbone "${name}". Known: ${listBackbones().join(', ')}.`);
  return entries[name];
}

/**
 * Makes a backbone by its name, with seeded initial weights.
 * @throws Error for a name that is not in `listBackbones()`; RangeError for an option out of range.
 */
export function createBackbone(name: BackboneName, options: BackboneOptions): Backbone {
  return entryOf('createBackbone', name).make(options);
}

/**
 * A backbone's size, cost and maps, from a table: nothing is made or run. For another image size: `measureBackbone`.
 * @throws Error for a name that is not in `listBackbones()`.
 */
export function describeBackbone(name: BackboneName): BackboneDescription {
  const { inputSize } = entryOf('describeBackbone', name);
  const { parameters, multiplyAdds, channels, reductions } = catalog[name];
  const featureInfo = channels.map((count, i) => ({ channels: count, reduction: reductions[i] }));
  return { name, inputSize, parameters, multiplyAdds, featureInfo };
}
