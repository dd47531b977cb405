import type { FileHandle } from 'node:fs/promises';
import type { ByteSource } from '../format/load-gallery.js';
import { damaged } from '../format/load-gallery.js';

// One read of a file returns at most 2 GiB.
const MAX_READ_BYTES = 2 ** 30;

/** Returns an open file as a source of bytes. Its size is that of this moment. */
export async function fileSource(path: string, file: FileHandle): Promise<ByteSource> {
  const { size } = await file.stat();
  return {
    path,
    size,
    async read(position, length) {
      if (position + length > size) throw damaged(path, 'it is truncated');
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const part = Math.min(MAX_READ_BYTES, length - done);
        const { bytesRead } = await file.read(bytes, done, part, position + done);
        if (bytesRead === 0) throw damaged(path, 'it is truncated');
        done += bytesRead;
      }
      return bytes;
    },
  };
}

/** Writes all bytes at a position. A single write may take only a part of them. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
