/** Worker that writes the files of the page: only workers can write them in every browser. */
import { type FolderPath, writeOnce, writeWhole } from './opfs.js';

/** A file to write. `isWhole` replaces a file with versions; otherwise, it is written once. */
export interface ToWriter {
  request: number;
  path: FolderPath;
  name: string;
  contents: Uint8Array | Blob;
  isWhole: boolean;
}

/** The answer to a request; an error if it failed. */
export interface FromWriter {
  request: number;
  error?: DOMException | Error;
}

let turn: Promise<unknown> = Promise.resolve();

addEventListener('message', ({ data }: MessageEvent<ToWriter>) => {
  turn = turn.then(async () => {
    const answer: FromWriter = { request: data.request };
    try {
      await write(data);
    } catch (error) {
      answer.error = error as Error;
    }
    postMessage(answer);
  });
});

async function write({ path, name, contents, isWhole }: ToWriter): Promise<void> {
  const bytes = contents instanceof Blob ? new Uint8Array(await contents.arrayBuffer()) : contents;
  if (isWhole) await writeWhole(path, name, bytes);
  else await writeOnce(path, name, [bytes]);
}
