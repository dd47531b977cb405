export { type FileStoreOptions, fileStore } from './file/file-store.js';
export { type FolderStoreOptions, folderStore } from './file/folder-store.js';
export { readFolderCenters } from './file/read-folder-centers.js';
export { writeEnrollmentBank } from './file/write-enrollment-bank.js';
