export { type BackendDescription, describeBackends } from './describe-backends.js';
export { BackendUnavailableError } from './errors.js';
export { BACKEND_CHOICES, type BackendChoice, type BackendName } from './names.js';
export { type UseBackendOptions, type UsedBackend, useBackend } from './use-backend.js';
export type { WasmPaths } from './wasm.js';
export type { AdapterDescription } from './webgpu/adapter.js';
export { GpuError } from './webgpu/device-errors.js';
