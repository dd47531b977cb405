/** A drawing of an icon collection: an SVG document. */
export type Picture = () => string;

/** The part of Iconify's collection format that is used. @see https://iconify.design/docs/types/iconify-json.html */
interface Collection {
  readonly icons: Readonly<Record<string, Icon>>;
  readonly width?: number;
  readonly height?: number;
}

interface Icon {
  readonly body: string;
  readonly left?: number;
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
}

/** Pixels of the longer side at which a picture is drawn. */
const SIDE = 96;

/**
 * Opens icon collections in Iconify's format (Node only).
 * @param names npm packages such as `@iconify-json/noto`, or paths of `icons.json` files.
 * @throws Error if a collection is not installed or is not in Iconify's format.
 */
export async function openPictures(names: readonly string[]): Promise<Picture[]> {
  if (names.length === 0) return [];
  // Variables keep bundlers for browsers from following these imports.
  const fsModule = 'node:fs/promises';
  const moduleModule = 'node:module';
  const { readFile } = (await import(/* @vite-ignore */ fsModule)) as typeof import('node:fs/promises');
  const { createRequire } = (await import(/* @vite-ignore */ moduleModule)) as typeof import('node:module');
  const require = createRequire(`${process.cwd()}/`);
  const collections = await Promise.all(
    names.map(async (name) => {
      try {
        const file = name.endsWith('.json') ? name : require.resolve(`${name}/icons.json`);
        return JSON.parse(await readFile(file, 'utf8')) as Collection;
      } catch (cause) {
        throw new Error(
          `CardSource: cannot read the icon collection "${name}" (${(cause as Error).message}). Install it with ` +
            `npm install ${name}, or leave it out of pictures.`,
          { cause },
        );
      }
    }),
  );
  return collections.flatMap((collection, i) => {
    const { icons } = collection;
    if (typeof icons !== 'object' || icons === null || Object.keys(icons).length === 0) {
      throw new Error(`CardSource: "${names[i]}" is not an icon collection in Iconify's format.`);
    }
    // The order of a collection's keys may change with its version; a sorted one changes only where icons are added.
    return Object.keys(icons)
      .sort()
      .map(
        (key): Picture =>
          () =>
            toSvg(icons[key], collection),
      );
  });
}

function toSvg(icon: Icon, collection: Collection): string {
  const width = icon.width ?? collection.width ?? 16;
  const height = icon.height ?? collection.height ?? 16;
  const scale = SIDE / Math.max(width, height);
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ' +
    `viewBox="${icon.left ?? 0} ${icon.top ?? 0} ${width} ${height}" ` +
    `width="${Math.round(width * scale)}" height="${Math.round(height * scale)}">${icon.body}</svg>`
  );
}
