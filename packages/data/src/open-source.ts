import { type CanvasFactory, DocumentSource, type DocumentSourceOptions } from './documents/index.js';
import { FaceSource, type FaceSourceOptions } from './faces/index.js';
import { FolderSource } from './folder/folder-source.js';
import type { SkippedFile } from './folder/scan.js';
import type { FolderSourceOptions } from './folder/shared-folder.js';
import type { ImageSource } from './source.js';

/** Specification of a folder of images (Node only); see `FolderSource.open`. */
export interface FolderSourceSpec
  extends Pick<FolderSourceOptions, 'cacheSize' | 'cacheDir' | 'identityPer' | 'memoryLimit'> {
  readonly kind: 'folder';
  readonly dir: string;
}

/** Specification of the built-in document generator; see `DocumentSource.create`. */
export interface DocumentSourceSpec extends DocumentSourceOptions {
  readonly kind: 'documents';
}

/** Specification of the built-in face generator; see `FaceSource.create`. */
export interface FaceSourceSpec extends FaceSourceOptions {
  readonly kind: 'faces';
}

/** Specification of a custom source: a module that every data worker can import. */
export interface ModuleSourceSpec {
  readonly kind: 'module';
  /** Module to import: a `file:` URL or a package name. Its default export creates the source from `options`. */
  readonly module: string;
  /** Plain data passed to the module's default export. */
  readonly options?: unknown;
}

/** A source as plain data, for configurations and workers. */
export type SourceSpec = FolderSourceSpec | DocumentSourceSpec | FaceSourceSpec | ModuleSourceSpec;

/** Callbacks and canvases for `openSource`. */
export interface OpenSourceOptions {
  /** Canvases for drawing documents and faces; default Node's. In a browser use `browserCanvasFactory(...)`. */
  readonly canvases?: CanvasFactory;
  /** Called for each file of a folder that is not used. */
  readonly onSkipped?: (skipped: SkippedFile) => void;
  /** Called for each problem that does not stop the opening, such as a damaged cache. */
  readonly onWarning?: (message: string) => void;
  /** Called with the number of images decoded or read from the cache. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Opens the source described by a specification.
 * @throws TypeError if the kind is unknown or a module's default export does not create a source.
 * @throws Any error of the source itself.
 */
export async function openSource(spec: SourceSpec, options: OpenSourceOptions = {}): Promise<ImageSource> {
  switch (spec.kind) {
    case 'folder': {
      const { kind, dir, ...folderOptions } = spec;
      const { canvases, ...callbacks } = options;
      return FolderSource.open(dir, { ...folderOptions, ...callbacks });
    }
    case 'documents': {
      const { kind, ...documentOptions } = spec;
      return DocumentSource.create(documentOptions, options.canvases);
    }
    case 'faces': {
      const { kind, ...faceOptions } = spec;
      return FaceSource.create(faceOptions, options.canvases);
    }
    case 'module': {
      const imported = (await import(/* @vite-ignore */ spec.module)) as { default?: unknown };
      if (typeof imported.default !== 'function') {
        throw new TypeError(
          `openSource: the default export of "${spec.module}" must be a function that creates a source.`,
        );
      }
      const source = (await imported.default(spec.options)) as ImageSource;
      if (!Array.isArray(source?.identities) || typeof source.load !== 'function') {
        throw new TypeError(
          `openSource: "${spec.module}" must create an object with identities and load(…).`,
        );
      }
      return source;
    }
    default:
      throw new TypeError(
        `openSource: unknown kind of source "${(spec as { kind: unknown }).kind}"; use folder, documents, faces or ` +
          'module.',
      );
  }
}

/** Returns true for a specification and false for an open source. */
export function isSourceSpec(source: SourceSpec | ImageSource): source is SourceSpec {
  return 'kind' in source && !('load' in source);
}
