import type { DecodedSource } from '../encoded/decoded-source.js';
import { type DecodingOptions, openDecoded } from '../encoded/open-decoded.js';
import type { IdentityGrouping } from './list-folder.js';
import { listFolder } from './list-folder.js';

/** Options for reading a folder of images. */
export interface FolderOptions extends DecodingOptions {
  /** How files are grouped into identities; default `auto`, see `openFolder`. */
  readonly identityPer?: IdentityGrouping;
}

/**
 * Opens the images in a folder and its subfolders (Node only): JPEG, PNG, WebP, TIFF, GIF, AVIF, PGM, PPM, PBM.
 *
 * By default (`identityPer` "auto") each image file directly in the folder is an identity, and so is each subfolder that directly
 * contains images; it is named by its path and has those images as samples. With "file" every image file is an identity. With
 * "folder" only subfolders are, and files outside them are skipped. Identities are sorted by the bytes of their names. Images
 * that cannot be decoded are skipped and listed in `skipped`. Images are rotated according to EXIF, composed onto white if
 * transparent, and resized to side × side.
 *
 * What is found out about a file is cached on disk and holds until its size, inode, modification time or status change time
 * differs: unpacking an archive can restore the modification time, but not the others. Decoded images are cached by the content
 * of their files.
 *
 * @throws Error if the folder is missing or contains fewer than two readable identities.
 * @throws RangeError if `side` is not an integer in 8 … 4096.
 * @throws TypeError if identityPer is not "auto", "file" or "folder".
 */
export async function openFolder(dir: string, options: FolderOptions = {}): Promise<DecodedSource> {
  return openDecoded(await listFolder(dir, options.identityPer), options);
}
