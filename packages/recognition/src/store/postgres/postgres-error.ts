import { GalleryStoreError, type GalleryStoreErrorCode } from '../errors.js';

/** PostgreSQL's error codes, or the beginnings of them: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const CODES: [start: string, code: GalleryStoreErrorCode, advice: string][] = [
  ['25006', 'READ_ONLY', 'Connect to the primary server, or open the gallery with readOnly: true.'],
  [
    '42501',
    'READ_ONLY',
    "Grant the role rights on the gallery's schema, or open the gallery with readOnly: true.",
  ],
  ['53100', 'DISK_FULL', 'Free space on the server, then repeat the transaction.'],
  ['3D000', 'NOT_FOUND', 'Create the database, or check its name.'],
  ['42P01', 'NOT_FOUND', 'Give `header` to create the gallery, or check the schema.'],
];

/** Returns what to throw when the server or the connection failed. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof GalleryStoreError || !(error instanceof Error)) return error;
  const { code = '' } = error as { code?: string };
  const reason = error.message || code;
  if (reason.includes('extension "vector"') || reason.includes('vector.control')) {
    return new GalleryStoreError(
      'MISSING_DEPENDENCY',
      `the PostgreSQL server cannot use pgvector: ${reason}. Install its package on the server, or let an administrator run CREATE EXTENSION vector.`,
      { cause: error },
    );
  }
  const known = CODES.find(([start]) => code.startsWith(start));
  if (known) {
    return new GalleryStoreError(known[1], `PostgreSQL reports: ${reason}. ${known[2]}`, { cause: error });
  }
  const isServer = /^[0-9A-Z]{5}$/.test(code);
  const isConnection = /^E[A-Z]+$/.test(code) || /connection|terminat|timeout/i.test(reason);
  if (!isServer && !isConnection) return error;
  return new GalleryStoreError(
    'UNAVAILABLE',
    `PostgreSQL cannot be used: ${reason}. All acknowledged transactions are intact. Check the server and the connection, then try again.`,
    { cause: error },
  );
}
