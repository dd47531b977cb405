/** Activations that operations can fuse, by timm's names. */
export type Activation = 'none' | 'relu' | 'hard_swish' | 'hard_sigmoid' | 'relu6' | 'silu' | 'sigmoid';

/** The code of each activation in kernels. */
export const activationCode = {
  none: 0,
  relu: 1,
  hard_swish: 2,
  hard_sigmoid: 3,
  relu6: 4,
  silu: 5,
  sigmoid: 6,
} as const satisfies Record<Activation, number>;

/** Activations of the kernels: those of {@link Activation}, and those that only elementwise and inference kernels have. */
export type KernelActivation = Activation | 'prelu' | 'gelu' | 'quick_gelu';

/** The code of each activation in kernels. The build generates assembly/activation-codes.generated.ts from it. */
export const kernelCode = {
  ...activationCode,
  prelu: 7,
  gelu: 8,
  quick_gelu: 9,
} as const satisfies Record<KernelActivation, number>;
