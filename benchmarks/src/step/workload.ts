/** What a training step is made on; the same for every contender. */
export interface Workload {
  /** timm's name. */
  backbone: string;
  /** Pixels a side. */
  imageSize: number;
  batch: number;
  classes: number;
  /** Length of the embedding. */
  embedding: number;
  /** Of the head. A batch of one image has no statistics: it takes `layernorm` alone. */
  norm: 'layernorm-batchnorm' | 'layernorm';
}

/** The step that the project's figures are about. */
export const DEFAULT_WORKLOAD: Workload = {
  backbone: 'lcnet_050',
  imageSize: 128,
  batch: 32,
  classes: 10_000,
  embedding: 256,
  norm: 'layernorm-batchnorm',
};

/** The workload as options of a contender's command line. */
export function workloadArguments({ imageSize, ...rest }: Workload): string[] {
  return Object.entries({ 'image-size': imageSize, ...rest }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
}

/** The workload in one line. */
export function workloadLine({ backbone, imageSize, batch, classes, embedding, norm }: Workload): string {
  const head = norm === 'layernorm' ? 'LayerNorm' : 'LayerNorm→BatchNorm';
  return `${backbone}, Squeeze, ${head} head of ${embedding}, ${imageSize} px, batch ${batch}, CosFace 64/0.4 over ${classes.toLocaleString('en')} classes, AdamW, clipped gradients, float32`;
}
