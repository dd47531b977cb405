import * as tf from '@tensorflow/tfjs-core';

/** Whether a backend can be started here, and if not, why. */
export type BackendProbe<Module> =
  | { available: true; module: Module; version: string; detail: string }
  | { available: false; reason: string; remedy: string; cause?: unknown };

/**
 * Imports a backend's package and checks that it registered itself with this copy of tfjs-core.
 * @param load Returns the error of its `import()`, which is in a `try` block: then webpack and esbuild only warn of a package that is
 *   not installed.
 */
export async function probePackage<Module>(
  backend: string,
  packageName: string,
  load: () => Promise<{ module: Module; version: string; detail: string } | { cause: unknown }>,
): Promise<BackendProbe<Module>> {
  const loaded = await load();
  if ('cause' in loaded) {
    return { available: false, ...importFailure(packageName, loaded.cause), cause: loaded.cause };
  }
  if (tf.findBackendFactory(backend) === null) {
    return {
      available: false,
      reason: `${packageName} ${loaded.version} registered itself with another copy of @tensorflow/tfjs-core.`,
      remedy: 'Run `npm ls @tensorflow/tfjs-core` and keep only one version of it.',
    };
  }
  return { available: true, ...loaded };
}

function importFailure(packageName: string, cause: unknown): { reason: string; remedy: string } {
  const { code, message = String(cause) } = cause as { code?: string; message?: string };
  const missing =
    (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && message.includes(packageName);
  if (missing) {
    return {
      reason: `the package ${packageName} is not installed.`,
      remedy: `Install it: npm install ${packageName}@${tf.version_core}`,
    };
  }
  return {
    reason: `the package ${packageName} failed to load (${message.split('\n')[0]}).`,
    remedy: `Reinstall it: npm install ${packageName}@${tf.version_core}`,
  };
}
