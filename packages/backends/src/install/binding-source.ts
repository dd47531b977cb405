import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Returns the path of this package's source of the binding, which includes tfjs-node's `tfjs_binding.cc`. */
export function bindingSource(): string {
  // __filename exists only in CommonJS, import.meta.url only in ES modules.
  const require = createRequire(typeof __filename === 'string' ? __filename : import.meta.url);
  const folder = dirname(require.resolve('@unitsphere/backends/package.json'));
  return join(folder, 'binding', 'tfjs_binding_with_functions.cc');
}
