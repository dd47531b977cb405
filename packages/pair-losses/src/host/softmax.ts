import { type Kernels, simdBytes } from './softmax.generated.js';
import { defineWasm } from './wasm-functions.js';

/** Returns the functions of assembly/softmax.ts for views of the backend's memory; see `defineWasm`. */
export const softmaxFunctions = /* @__PURE__ */ defineWasm<Kernels>(simdBytes);
