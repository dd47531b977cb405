/** The kinds of caches, by the folder below `unitsphere` in the user's cache folder. */
export const CACHES = {
  images: 'content hashes and decoded images of a source',
  shards: 'downloaded tar shards',
  'teacher-features': "features of a teacher's images",
  pretrained: 'downloaded weights',
  native: 'installed backends',
} as const;

/** A kind of cache. */
export type CacheKind = keyof typeof CACHES;
