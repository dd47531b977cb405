import { CardSource, type CardSourceOptions } from './cards/index.js';
import { type CanvasFactory, DocumentSource, type DocumentSourceOptions } from './documents/index.js';
import { type DecodingOptions, openDecoded } from './encoded/open-decoded.js';
import { FaceSource, type FaceSourceOptions } from './faces/index.js';
import { FORMAT_KINDS, type FormatSpec, isFormatSpec, listImages } from './formats.js';
import { SceneSource, type SceneSourceOptions } from './scenes/index.js';
import type { ImageSource, SkippedFile } from './source.js';

/** Specification of the built-in document generator; see `DocumentSource.create`. */
export interface DocumentSourceSpec extends DocumentSourceOptions {
  readonly kind: 'documents';
}

/** Specification of the generator of composed cards; see `CardSource.create`. */
export interface CardSourceSpec extends CardSourceOptions {
  readonly kind: 'cards';
}

/** Specification of the hard test set; see `SceneSource.create`. */
export interface SceneSourceSpec extends SceneSourceOptions {
  readonly kind: 'scenes';
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
export type SourceSpec =
  | FormatSpec
  | DocumentSourceSpec
  | CardSourceSpec
  | SceneSourceSpec
  | FaceSourceSpec
  | ModuleSourceSpec;

/** Callbacks and canvases for `openSource`. */
export interface OpenSourceOptions {
  /** Canvases for drawing documents and faces; default Node's. In a browser use `browserCanvasFactory(...)`. */
  readonly canvases?: CanvasFactory;
  /** Called for each image or file that is not used. */
  readonly onSkipped?: (skipped: SkippedFile) => void;
  /** Called for each problem that does not stop the opening, such as a damaged cache. */
  readonly onWarning?: (message: string) => void;
  /** Called with the number of image files found so far, while a folder is listed. */
  readonly onListed?: (files: number) => void;
  /** Called with the number of images that are checked; see `DecodingOptions`. */
  readonly onProgress?: DecodingOptions['onProgress'];
}

/**
 * Opens the source described by a specification.
 * @throws TypeError if the kind is unknown or a module's default export does not create a source.
 * @throws Any error of the source itself.
 */
export async function openSource(spec: SourceSpec, options: OpenSourceOptions = {}): Promise<ImageSource> {
  if (isFormatSpec(spec)) {
    const { canvases, onListed, ...callbacks } = options;
    return openDecoded(await listImages(spec, onListed), { ...spec, ...callbacks });
  }
  switch (spec.kind) {
    case 'documents': {
      const { kind, ...documentOptions } = spec;
      return DocumentSource.create(documentOptions, options.canvases);
    }
    case 'cards': {
      const { kind, ...cardOptions } = spec;
      return CardSource.create(cardOptions, options.canvases);
    }
    case 'scenes': {
      const { kind, ...sceneOptions } = spec;
      return SceneSource.create(sceneOptions, options.canvases);
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
        `openSource: unknown kind of source "${(spec as { kind: unknown }).kind}"; use ` +
          `${FORMAT_KINDS.join(', ')}, documents, cards, scenes, faces or module.`,
      );
  }
}

/** Returns true for a specification and false for an open source. */
export function isSourceSpec(source: SourceSpec | ImageSource): source is SourceSpec {
  return 'kind' in source && !('load' in source);
}
