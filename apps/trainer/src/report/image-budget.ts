/** Maximum bytes of image data of each gallery. They keep a page with its plots under 3 MB. */
export const GALLERY_BUDGET = { samples: 900_000, neighbors: 900_000, mistakes: 600_000 };

const DATA_URI = /^data:image\/(png|jpeg|webp|gif|avif);base64,[A-Za-z0-9+/]+={0,2}$/;

/** Returns an image's URI. @throws Error if it is not a base64 data URI of a raster image, because a report loads no other files. */
export function checkImage(uri: string, where: string): string {
  if (!DATA_URI.test(uri)) {
    throw new Error(
      `${where} is not a base64 data URI of a PNG, JPEG, WebP, GIF or AVIF image (it starts with ` +
        `"${uri.slice(0, 32)}"). Embed the image: a report loads no other files.`,
    );
  }
  return uri;
}

/** Returns the leading rows whose images together fit in `bytes`. */
export function fitRows<Row>(rows: readonly Row[], getImages: (row: Row) => string[], bytes: number): Row[] {
  let used = 0;
  const kept: Row[] = [];
  for (const row of rows) {
    for (const uri of getImages(row)) used += uri.length;
    if (used > bytes) break;
    kept.push(row);
  }
  return kept;
}
