import { type CanvasFactory, DocumentSource, type DocumentSourceOptions } from './documents/index.js';
import { FaceSource, type FaceSourceOptions } from './faces/index.js';
import { FolderSource, type FolderSourceOptions } from './folder/folder-source.js';
import type { SkippedFile } from './folder/scan.js';
import type { ImageSource } from './source.js';

/** A folder of images (Node); see `FolderSource.open`. */
export interface FolderSourceSpec
  extends Pick<FolderSourceOptions, 'cacheSize' | 'cacheDir' | 'identityPer' | 'memoryLimit'> {
  readonly kind: 'folder';
  readonly dir: string;
}

/** The embedded generator of documents; see `DocumentSource.create`. */
export interface DocumentSourceSpec extends DocumentSourceOptions {
  readonly kind: 'documents';
}

/** The embedded generator of faces; see `FaceSource.create`. */
export interface FaceSourceSpec extends FaceSourceOptions {
  readonly kind: 'faces';
}

/** A source of your own, in a module that every data worker can import. */
export interface ModuleSourceSpec {
  readonly kind: 'module';
  /** What to import: a `file:` address or a package's name. Its default export makes the source from `options`. */
  readonly module: string;
  /** Plain data for the module. */
  readonly options?: unknown;
}

/** A source as plain data, for configurations and for workers. */
export type SourceSpec = FolderSourceSpec | DocumentSourceSpec | FaceSourceSpec | ModuleSourceSpec;

/** Who is told what while a source opens, and with what it is opened. */
export interface OpenSourceHandlers {
  /** Where documents and faces are drawn; default Node's canvas. In a browser `browserCanvasFactory(...)`. */
  readonly canvases?: CanvasFactory;
  readonly onSkipped?: (skipped: SkippedFile) => void;
  readonly onWarning?: (message: string) => void;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Opens the source a specification names.
 * @throws TypeError if the kind is unknown or a module's default export is no function giving a source, and whatever
 * the source itself throws.
 */
export async function openSource(spec: SourceSpec, handlers: OpenSourceHandlers = {}): Promise<ImageSource> {
  switch (spec.kind) {
    case 'folder': {
      const { kind, dir, ...options } = spec;
      const { canvases, ...told } = handlers;
      return FolderSource.open(dir, { ...options, ...told });
    }
    case 'documents': {
      const { kind, ...options } = spec;
      return DocumentSource.create(options, handlers.canvases);
    }
    case 'faces': {
      const { kind, ...options } = spec;
      return FaceSource.create(options, handlers.canvases);
    }
    case 'module': {
      const imported = (await import(/* @vite-ignore */ spec.module)) as { default?: unknown };
      if (typeof imported.default !== 'function') {
        throw new TypeError(
          `openSource: the default export of "${spec.module}" must be a function making a source.`,
        );
      }
      const source = (await imported.default(spec.options)) as ImageSource;
      if (!Array.isArray(source?.identities) || typeof source.load !== 'function') {
        throw new TypeError(`openSource: "${spec.module}" must give an object with identities and load(…).`);
      }
      return source;
    }
    default:
      throw new TypeError(
        `openSource: no kind of source is called "${(spec as { kind: unknown }).kind}"; there are folder, documents, ` +
          'faces and module.',
      );
  }
}

/** True for a specification, false for a source already opened. */
export function isSourceSpec(source: SourceSpec | ImageSource): source is SourceSpec {
  return 'kind' in source && !('load' in source);
}
