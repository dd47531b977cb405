export { type GalleryFileOptions, openGalleryFile } from './open-gallery-file.js';
export { type FileStoreOptions, openFileStore } from './store/file/file-store.js';
