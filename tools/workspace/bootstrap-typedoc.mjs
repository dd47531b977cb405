import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './packages.mjs';

export const typedoc = await import(
  pathToFileURL(createRequire(join(root, 'tools', 'checks', 'package.json')).resolve('typedoc')).href
);

/** Starts typedoc with the options of all our documents, and the given ones. */
export function bootstrap(options) {
  return typedoc.Application.bootstrap({
    out: join(root, 'site'),
    basePath: root,
    logLevel: 'Warn',
    ...options,
  });
}
