/** Instruction sets that the addon has kernels for, by the processor architecture, best first. */
export const ISAS = { x64: ['avx512', 'avx2'], arm64: ['neon'] } as const;

/** An instruction set that the addon has kernels for. */
export type Isa = (typeof ISAS)[keyof typeof ISAS][number];

/** Returns the instruction sets of an architecture, best first. */
export function isasOf(arch: string): readonly Isa[] {
  return arch in ISAS ? ISAS[arch as keyof typeof ISAS] : [];
}

/** Names of instruction sets for people. */
export const ISA_NAMES: Readonly<Record<Isa, string>> = { avx512: 'AVX-512', avx2: 'AVX2', neon: 'NEON' };
