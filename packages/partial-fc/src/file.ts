export { type FileStoreOptions, fileStore } from './file/file-store.js';
export { writeEnrollmentBank } from './file/write-enrollment-bank.js';
