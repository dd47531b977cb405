export { type FileStoreOptions, fileStore } from './file/file-store.js';
export { writeEnrolmentBank } from './file/write-enrolment-bank.js';
