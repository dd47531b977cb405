import type { StateDict } from '@unitsphere/core';

/**
 * The modules behind the features in the published whole models, which a backbone leaves out: LCNet, MobileNet and
 * EfficientNet (conv_head, norm_head, bn2, classifier), ResNet (fc), IResNet and MobileFaceNet (fc, features), ViT (norm,
 * fc_norm, head), and others of timm.
 */
const CLASSIFIER_MODULES = new Set([
  'conv_head',
  'norm_head',
  'bn2',
  'classifier',
  'fc',
  'features',
  'norm',
  'fc_norm',
  'head',
  'head_dist',
]);

/** The keys of a state dict that belong to the classifier of a model with these keys: none of a module that it has itself. */
export function classifierKeys(state: StateDict, modelKeys: Iterable<string>): string[] {
  const own = new Set([...modelKeys].map(topModule));
  return [...state.keys()].filter(
    (key) => CLASSIFIER_MODULES.has(topModule(key)) && !own.has(topModule(key)),
  );
}

function topModule(key: string): string {
  return key.split('.', 1)[0];
}
