// Layer names of efficientnet_pytorch in blocks with an expansion, and in the first stage, which has none.
const EXPANDED: Readonly<Record<string, string>> = {
  _expand_conv: 'conv_pw',
  _bn0: 'bn1',
  _depthwise_conv: 'conv_dw',
  _bn1: 'bn2',
  _se_reduce: 'se.conv_reduce',
  _se_expand: 'se.conv_expand',
  _project_conv: 'conv_pwl',
  _bn2: 'bn3',
};
const SEPARABLE: Readonly<Record<string, string>> = {
  _depthwise_conv: 'conv_dw',
  _bn1: 'bn1',
  _se_reduce: 'se.conv_reduce',
  _se_expand: 'se.conv_expand',
  _project_conv: 'conv_pw',
  _bn2: 'bn2',
};
const OUTSIDE_BLOCKS: Readonly<Record<string, string>> = {
  _conv_stem: 'conv_stem',
  _bn0: 'bn1',
  _conv_head: 'conv_head',
  _bn1: 'bn2',
  _fc: 'classifier',
};

/**
 * Converts weights of the packages efficientnet_pytorch and efficientnet_lite_pytorch to timm's keys. Those packages number
 * the blocks consecutively, timm within each stage. The weights were trained in TensorFlow, so only the `tf_` networks
 * compute exactly the same.
 * @param modelKeys Keys of the model, which determine the number of blocks of each stage.
 * @returns The converted state dict, or the given one if it has other keys.
 */
export function convertEfficientnetPytorchKeys<T>(
  state: Map<string, T>,
  modelKeys: readonly string[],
): Map<string, T> {
  if (!state.has('_conv_stem.weight') || !modelKeys.includes('blocks.0.0.conv_dw.weight')) return state;
  const places = [...new Set(modelKeys.map((key) => /^blocks\.\d+\.\d+/.exec(key)?.[0]))].filter(
    (place) => place !== undefined,
  );
  const expanded = new Set(
    modelKeys
      .filter((key) => key.endsWith('.conv_pwl.weight'))
      .map((key) => key.replace('.conv_pwl.weight', '')),
  );
  return new Map(
    [...state].map(([key, tensor]): [string, T] => {
      const block = /^_blocks\.(\d+)\.(\w+)\.(.+)$/.exec(key);
      if (block) {
        const [, number, layer, rest] = block as unknown as [string, string, string, string];
        const place = places[Number(number)];
        const name = place && (expanded.has(place) ? EXPANDED : SEPARABLE)[layer];
        return [name ? `${place}.${name}.${rest}` : key, tensor];
      }
      const dot = key.indexOf('.');
      const name = OUTSIDE_BLOCKS[key.slice(0, dot)];
      return [name ? name + key.slice(dot) : key, tensor];
    }),
  );
}
