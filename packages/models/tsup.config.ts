import { packageConfig } from '../../tsup.base.ts';

// Weights are part of the code, so that a page and Node load them alike, without a request, and a bundler drops unused models.
export default packageConfig({ sourcemap: false, loader: { '.safetensors': 'base64', '.md': 'text' } });
