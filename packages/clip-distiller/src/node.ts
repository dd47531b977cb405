export { CachedTeacher, type CachedTeacherOptions, type CacheStatistics } from './cache/cached-teacher.js';
export { FeatureCacheError } from './cache/errors.js';
