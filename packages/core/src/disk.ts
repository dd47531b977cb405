/**
 * Files in Node for stores that must survive a crash and a full disk: atomic writes, locks between processes, the user's
 * cache folder, and the reasons of disk errors. Browser builds may import this module; only calling it requires Node.
 */
export { builtinModule } from './disk/builtin-module.js';
export { cacheFolder } from './disk/cache-folder.js';
export { createFolder } from './disk/create-folder.js';
export { explainDiskError, explainWriteError, freeDiskSpace, isDiskFull } from './disk/explain-error.js';
export {
  acquireLock,
  describeHolder,
  type FileLock,
  LockHeldError,
  type LockHolder,
  LockUnsupportedError,
  type WaitForLockOptions,
  waitForLock,
} from './disk/lock.js';
export { isProcessRunning } from './disk/process-running.js';
export { readAllSync, syncFolder, syncFolderSync, writeAll, writeAllSync } from './disk/read-write.js';
export {
  createFile,
  type ReplaceFileOptions,
  replaceFile,
  replaceFileSync,
  replaceFolder,
  writeFileAtomic,
  writeFileAtomicSync,
} from './disk/replace.js';
export { HASH_WORDS } from './disk/rows/hash-index.js';
export { RowStore, type RowStoreOptions } from './disk/rows/row-store.js';
export { removeAbandoned, TEMPORARY_PREFIX, temporaryPath } from './disk/temporary-path.js';
