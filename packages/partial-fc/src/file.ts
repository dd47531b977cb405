export { type FileStoreOptions, fileStore } from './file/file-store.js';
