export { type FileStoreOptions, openFileStore } from './store/file/file-store.js';
