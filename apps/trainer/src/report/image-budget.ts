/** Bytes of image data for each gallery, so that a page with its plots stays under 3 MB. */
export const GALLERY_BUDGET = { samples: 900_000, neighbors: 900_000, mistakes: 600_000 };

const DATA_URI = /^data:image\/(png|jpeg|webp|gif|avif);base64,[A-Za-z0-9+/]+={0,2}$/;

/** @throws Error when an image is not a base64 data URI of a raster image: the page must need no other file. */
export function checkImage(uri: string, where: string): string {
  if (!DATA_URI.test(uri)) {
    throw new Error(
      `${where} is not a base64 data URI of a PNG, JPEG, WebP, GIF or AVIF image (it begins ` +
        `"${uri.slice(0, 32)}"). A report holds its images and loads nothing.`,
    );
  }
  return uri;
}

/** The leading rows whose images together fit in `bytes`. */
export function fitRows<Row>(rows: readonly Row[], imagesOf: (row: Row) => string[], bytes: number): Row[] {
  let used = 0;
  const kept: Row[] = [];
  for (const row of rows) {
    for (const uri of imagesOf(row)) used += uri.length;
    if (used > bytes) break;
    kept.push(row);
  }
  return kept;
}
