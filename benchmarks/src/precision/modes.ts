/** The compared modes, float32 first: precision of the products, and of the activations saved for the backward pass. */
export const MODES = {
  highest: { matmul: 'highest', activations: 'float32' },
  medium: { matmul: 'medium', activations: 'float32' },
  mixed: { matmul: 'medium', activations: 'bfloat16' },
} as const;

export type Mode = keyof typeof MODES;
export const MODE_NAMES = Object.keys(MODES) as Mode[];

/** Modes of lower precision than float32. */
export type Lower = Exclude<Mode, 'highest'>;
export const LOWER = MODE_NAMES.filter((mode): mode is Lower => mode !== 'highest');
