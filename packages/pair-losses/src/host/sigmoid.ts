import { type Kernels, simdBytes } from './sigmoid.generated.js';
import { defineWasm } from './wasm-functions.js';

/** Returns the functions of assembly/sigmoid.ts for views of the backend's memory; see `defineWasm`. */
export const sigmoidFunctions = /* @__PURE__ */ defineWasm<Kernels>(simdBytes);
