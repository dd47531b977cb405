import type { StateDict } from '@unitsphere/core';

/**
 * Modules after the features in published models, which backbones lack: LCNet, MobileNet and EfficientNet (conv_head,
 * norm_head, bn2, classifier), ResNet (fc), IResNet and MobileFaceNet (fc, features), ViT (norm, fc_norm, head), and others
 * in timm.
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

/** Returns the keys of a state dict that belong to the classifier. Modules that the model itself has are excluded. */
export function classifierKeys(state: StateDict, modelKeys: Iterable<string>): string[] {
  const modelModules = new Set([...modelKeys].map(topModule));
  return [...state.keys()].filter(
    (key) => CLASSIFIER_MODULES.has(topModule(key)) && !modelModules.has(topModule(key)),
  );
}

function topModule(key: string): string {
  return key.split('.', 1)[0];
}
