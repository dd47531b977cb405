/**
 * Imports the first of several optional packages that is installed.
 *
 * @param loaders By package name, in order of preference. A loader has an `import()` with the name as text, so that bundlers see it. The
 *   `import()` is in a `try` block whose `catch` calls {@link ignoreMissing}: then webpack and esbuild only warn of a package that is
 *   not installed.
 * @param createError Creates the error to throw, from what is wrong and what to do.
 * @returns The exports, of an ES module or a CommonJS package.
 */
export async function importInstalled(
  loaders: Readonly<Record<string, () => Promise<unknown>>>,
  createError: (problem: string, options?: ErrorOptions) => Error,
): Promise<Record<string, unknown>> {
  for (const [name, load] of Object.entries(loaders)) {
    let loaded: unknown;
    try {
      loaded = await load();
    } catch (error) {
      throw createError(`${name} is installed but does not start: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (loaded === undefined) continue;
    // A CommonJS package has its exports in `default`, and Node finds only some of their names.
    const { default: whole, ...named } = loaded as { default?: object };
    return { ...whole, ...named };
  }
  const names = Object.keys(loaders);
  const commands = names.map((name) => `npm install ${name}`).join('", or "');
  throw createError(`${names.join(' or ')} is not installed: run "${commands}"`);
}

/** Returns undefined if an error of `import()` says that the package is not installed. @throws any other error. */
export function ignoreMissing(error: unknown, name: string): undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  // A dependency of the package may be missing as well, and has another name.
  const isNamed = new RegExp(`['"“]${name}['"”]`).test(message);
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // Vite, Chromium, Firefox and Safari have no code.
  const isUnresolved =
    /^(Could not resolve|Failed to resolve module specifier|The specifier|Module name)\b/.test(message);
  if (isNamed && (isNotFound || isUnresolved)) return undefined;
  throw error;
}
