/** The files of a model, wherever they are. */
export interface ModelFiles {
  /** The place, for messages. */
  readonly name: string;
  /** Reads a file. @returns undefined if there is no such file. */
  read(file: string): Promise<Uint8Array | undefined>;
  /** Caches the files that were read, if they were downloaded. */
  keep?(): Promise<void>;
}

/** The content of a file: bytes, text, or a Blob or File of a page. */
export type FileContent = Uint8Array | ArrayBuffer | string | { arrayBuffer(): Promise<ArrayBuffer> };

/** The files of a model by name: `config.json`, `preprocessor_config.json` and `model.safetensors`. */
export type ModelFileContents = Readonly<Record<string, FileContent>>;

/** Reads files from an object. */
export function filesOfObject(contents: ModelFileContents): ModelFiles {
  return {
    name: 'the given files',
    async read(file) {
      const content = Object.hasOwn(contents, file) ? contents[file] : undefined;
      if (content === undefined || content instanceof Uint8Array) return content;
      if (typeof content === 'string') return new TextEncoder().encode(content);
      return new Uint8Array(content instanceof ArrayBuffer ? content : await content.arrayBuffer());
    },
  };
}
