// Trains on WebAssembly from TypeScript with Node's module resolution.
import { useBackend } from '@unitsphere/backends';
import { train } from './train.js';

await useBackend('wasm');
console.log(await train());
