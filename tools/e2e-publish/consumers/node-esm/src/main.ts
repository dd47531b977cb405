// TypeScript as Node's own resolution has it: trains on WebAssembly.
import { useBackend } from '@unitsphere/backends';
import { train } from './train.js';

await useBackend('wasm');
console.log(await train());
