import { type Kernels, simdBytes } from './rows.generated.js';
import { defineWasm } from './wasm-functions.js';

/** Returns the functions of assembly/rows.ts for views of the backend's memory; see `defineWasm`. */
export const rowFunctions = /* @__PURE__ */ defineWasm<Kernels>(simdBytes);
