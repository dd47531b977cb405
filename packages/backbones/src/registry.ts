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

// A new family is one file and one line here; `npm run catalog -w packages/backbones` then measures it for the catalog.
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

/** The name of a backbone, as in timm or insightface. */
export type BackboneName = keyof typeof entries;

/** Size, cost and maps of a backbone with all its maps, for images of 3 channels. */
export interface BackboneDescription {
  name: BackboneName;
  /** Height and width of the images that the published weights were trained on. */
  inputSize: number;
  /** Number of trainable values. */
  parameters: number;
  /** Multiply-accumulates of the convolutions and matrix products for one image of inputSize. */
  multiplyAdds: number;
  /** Channels and reduction of each map. */
  featureInfo: readonly FeatureInfo[];
}

/** Returns the name of every backbone. */
export function listBackbones(): BackboneName[] {
  return Object.keys(entries) as BackboneName[];
}

type CatalogRow = (typeof catalog)[keyof typeof catalog];
/** The catalog, which lacks a backbone until it has been measured. */
const rows: { readonly [name: string]: CatalogRow | undefined } = catalog;

function entryOf(caller: string, name: BackboneName): BackboneEntry {
  if (!Object.hasOwn(entries, name))
    throw new Error(`${caller}: there is no backbone "${name}". Known: ${listBackbones().join(', ')}.`);
  return entries[name];
}

/**
 * Creates a backbone by its name, with seeded initial weights.
 * @throws Error for a name that is not in `listBackbones()`; RangeError for an option out of range.
 */
export function createBackbone(name: BackboneName, options: BackboneOptions): Backbone {
  return entryOf('createBackbone', name).make(options);
}

/**
 * Returns a backbone's size, cost and maps from a table, without creating it. For another image size, use
 * `measureBackbone`.
 * @throws Error for a name that is not in `listBackbones()`, or one that the catalog lacks.
 */
export function describeBackbone(name: BackboneName): BackboneDescription {
  const { inputSize } = entryOf('describeBackbone', name);
  const row = rows[name];
  if (!row) {
    throw new Error(
      `describeBackbone: the catalog lacks "${name}"; run npm run catalog -w packages/backbones.`,
    );
  }
  const { parameters, multiplyAdds, channels, reductions } = row;
  const featureInfo = channels.map((count, i) => ({ channels: count, reduction: reductions[i] }));
  return { name, inputSize, parameters, multiplyAdds, featureInfo };
}
