import type { Issue } from './issue.js';

type Path = Issue['path'];

/** Wraps a config to find out whether one of the given paths is read. Sections may be read; their other keys do not count. */
export function watchReads<T extends object>(config: T, paths: readonly Path[]) {
  let found = false;
  const wrap = <S extends object>(section: S, above: Path): S =>
    new Proxy(section, {
      get(target, key) {
        const value = Reflect.get(target, key);
        const path = [...above, String(key)];
        found ||= paths.some((one) => one.length === path.length && isPrefix(path, one));
        return isSection(value) && paths.some((one) => isPrefix(path, one)) ? wrap(value, path) : value;
      },
    });
  return { config: wrap(config, []), anyReplaced: () => found };
}

/** Returns whether a path begins with another. */
export function isPrefix(short: readonly unknown[], long: readonly unknown[]): boolean {
  return short.length <= long.length && short.every((key, i) => key === long[i]);
}

const isSection = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
