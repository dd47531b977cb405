// Multiplies two matrices with the installed addon.
import { bindKernels, nativeStatus } from '@unitsphere/native';

const { isa, detail } = nativeStatus();
if (!isa) throw new Error(`The addon is not used: ${detail}`);
const memory = new WebAssembly.Memory({ initial: 1 });
const floats = new Float32Array(memory.buffer);
floats.set([1, 2, 3, 4, 5, 6, 7, 8], 16);
bindKernels(memory).gemm(0, 0, 2, 2, 2, 64, 2, 80, 2, 96, 2, 0, 0, 0);
console.log(floats.subarray(24, 28).join());
