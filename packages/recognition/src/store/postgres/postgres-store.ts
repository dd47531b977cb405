import type { Pool, PoolClient, PoolConfig } from 'pg';
import { CallQueue } from '../call-queue.js';
import { checkHeader } from '../check-records.js';
import { checkSameHeader } from '../check-same-header.js';
import { GalleryStoreError } from '../errors.js';
import { type GalleryDelta, GalleryState } from '../gallery-state.js';
import type {
  GalleryChange,
  GalleryHeader,
  GallerySnapshot,
  GalleryStore,
  IdentityRecord,
  Metadata,
  StoredCalibration,
  StoredTensor,
  TemplateRecord,
  WriteResult,
} from '../gallery-store.js';
import { toStoreError } from './postgres-error.js';
import { createTables, quoteIdentifier, SCHEMA_VERSION } from './schema.js';
import { decodeVectors, encodeVector, encodeVectors } from './vector-bytes.js';

/** Options of {@link openPostgresStore}. */
export interface PostgresStoreOptions {
  /** Connection as `pg` takes it: `{ connectionString }`, or host, user, database and so on. Default: the `PG*` variables. */
  connection?: PoolConfig;
  /** Alternative to `connection`: a pool of the caller, which `close` leaves open. */
  pool?: Pool;
  /** Name of the gallery; a database can hold many. Default "default". */
  gallery?: string;
  /** Schema of the tables. Default "unitsphere". */
  schema?: string;
  /** What the gallery must be made for. If it does not exist, it is created with this header. Default: any, and no creation. */
  header?: GalleryHeader;
  /** Whether to open the gallery only for reading. Default false. */
  readOnly?: boolean;
}

/** A template found by {@link PostgresStore.search}. */
export interface PostgresMatch {
  templateId: number;
  identityId: number;
  /** Inner product with the query: the cosine, for embeddings of unit length. */
  score: number;
}

/** A gallery in PostgreSQL. */
export interface PostgresStore extends GalleryStore {
  /**
   * Returns the `k` templates with the largest inner product by pgvector's exact operator, the largest first and equal ones by
   * ascending id. The server reads every embedding of the gallery, unless the table has an index of pgvector.
   * @param query `embeddingSize` values.
   */
  search(query: Float32Array, k: number): Promise<PostgresMatch[]>;
}

/** Templates that one query reads. */
const TEMPLATES_PER_QUERY = 5000;
/** Number of the advisory lock under which tables are created: the letters "usph". */
const CREATION_LOCK = 0x75737068;

/**
 * Opens a gallery in PostgreSQL with the extension pgvector. It requires the package `pg`. The README describes the tables.
 *
 * Any number of processes may read and write at the same time: transactions of one gallery are carried out one after
 * another, and `revision` tells of those of others. A transaction is acknowledged when the server has committed it with
 * `synchronous_commit = on`.
 *
 * @throws GalleryStoreError with code `NOT_FOUND`, `WRONG_EMBEDDER`, `UNSUPPORTED_VERSION`, `READ_ONLY`,
 *   `MISSING_DEPENDENCY` without `pg` or pgvector, or `UNAVAILABLE` if the server cannot be used.
 */
export async function openPostgresStore({
  connection,
  pool,
  gallery = 'default',
  schema = 'unitsphere',
  header,
  readOnly = false,
}: PostgresStoreOptions = {}): Promise<PostgresStore> {
  if (header) checkHeader(header);
  const used = pool ?? (await createPool(connection));
  try {
    const tables = quoteIdentifier(schema);
    const client = await used.connect();
    let row: GalleryRow | undefined;
    try {
      row = await findGallery(client, tables, gallery);
      if (!row && header && !readOnly) row = await createGallery(client, tables, gallery, header);
    } finally {
      client.release();
    }
    if (!row) {
      throw new GalleryStoreError(
        'NOT_FOUND',
        `there is no gallery ${JSON.stringify(gallery)} in the schema ${schema}. Check the name, or give \`header\` to create it.`,
      );
    }
    if (row.version !== SCHEMA_VERSION) {
      throw new GalleryStoreError(
        'UNSUPPORTED_VERSION',
        `the gallery ${JSON.stringify(gallery)} has version ${row.version}, but this package reads version ${SCHEMA_VERSION}. Update @unitsphere/recognition.`,
      );
    }
    const stored = { embeddingSize: row.embedding_size, embedder: row.embedder };
    if (header) checkSameHeader(`the gallery ${JSON.stringify(gallery)}`, stored, header);
    return new PgVectorStore(used, tables, row.id, stored, readOnly, pool === undefined);
  } catch (error) {
    if (!pool) await used.end().catch(() => {});
    throw toStoreError(error);
  }
}

interface GalleryRow {
  id: number;
  version: number;
  embedding_size: number;
  embedder: string;
}

async function createPool(connection: PoolConfig | undefined): Promise<Pool> {
  let PgPool: typeof import('pg').Pool;
  try {
    const module = await import('pg');
    PgPool = (module.default ?? module).Pool;
  } catch (cause) {
    throw new GalleryStoreError(
      'MISSING_DEPENDENCY',
      'galleries in PostgreSQL require the package pg. Install it: npm install pg',
      { cause },
    );
  }
  const pool = new PgPool({ max: 2, ...connection });
  // The error of an idle connection; the next call reports it or connects again.
  pool.on('error', () => {});
  return pool;
}

async function findGallery(
  client: PoolClient,
  tables: string,
  name: string,
): Promise<GalleryRow | undefined> {
  const { rows: found } = await client.query('SELECT to_regclass($1) AS galleries', [`${tables}.galleries`]);
  if (found[0].galleries === null) return undefined;
  const { rows } = await client.query<GalleryRow>(
    `SELECT id, version, embedding_size, embedder FROM ${tables}.galleries WHERE name = $1`,
    [name],
  );
  return rows[0];
}

async function createGallery(
  client: PoolClient,
  tables: string,
  name: string,
  { embeddingSize, embedder }: GalleryHeader,
): Promise<GalleryRow | undefined> {
  await inTransaction(client, 'BEGIN', async () => {
    // Two processes that create the same table at once would fail.
    await client.query('SELECT pg_advisory_xact_lock($1)', [CREATION_LOCK]);
    await client.query(createTables(tables));
    await client.query(
      `INSERT INTO ${tables}.galleries (name, version, embedding_size, embedder) VALUES ($1, $2, $3, $4)
       ON CONFLICT (name) DO NOTHING`,
      [name, SCHEMA_VERSION, embeddingSize, embedder],
    );
  });
  return findGallery(client, tables, name);
}

/** Runs `fn` in a transaction. */
async function inTransaction<T>(client: PoolClient, begin: string, fn: () => Promise<T>): Promise<T> {
  await client.query(begin);
  try {
    const result = await fn();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // A lost connection has ended the transaction already.
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

class PgVectorStore implements PostgresStore {
  readonly #pool: Pool;
  readonly #tables: string;
  readonly #id: number;
  readonly #ownsPool: boolean;
  readonly #queue = new CallQueue();
  #vectorOid: number | undefined;

  constructor(
    pool: Pool,
    tables: string,
    id: number,
    readonly header: GalleryHeader,
    readonly isReadOnly: boolean,
    ownsPool: boolean,
  ) {
    this.#pool = pool;
    this.#tables = tables;
    this.#id = id;
    this.#ownsPool = ownsPool;
  }

  async read(): Promise<GallerySnapshot> {
    return this.#run((client) =>
      inTransaction(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', () => this.#read(client)),
    );
  }

  async revision(): Promise<number> {
    return this.#run(async (client) => (await this.#galleryRow(client)).revision);
  }

  async write(changes: readonly GalleryChange[]): Promise<WriteResult> {
    return this.#run(async (client) => {
      this.#checkWritable();
      const vectorOid = await this.#findVectorOid(client);
      return inTransaction(client, 'BEGIN ISOLATION LEVEL READ COMMITTED', async () => {
        await client.query('SET LOCAL synchronous_commit TO on');
        // Locks the gallery, so that transactions of several processes follow one another.
        const row = await this.#galleryRow(client, 'FOR UPDATE');
        const state = await this.#loadAffected(client, changes);
        state.revision = row.revision;
        state.nextIdentityId = row.nextIdentityId;
        state.nextTemplateId = row.nextTemplateId;
        const { delta, embeddings, result } = state.plan(changes, this.header.embeddingSize);
        await this.#apply(client, delta, embeddings, vectorOid);
        state.apply(delta);
        await client.query(
          `UPDATE ${this.#tables}.galleries
           SET revision = $2, next_identity_id = $3, next_template_id = $4 WHERE id = $1`,
          [this.#id, state.revision, state.nextIdentityId, state.nextTemplateId],
        );
        return result;
      });
    });
  }

  async search(query: Float32Array, k: number): Promise<PostgresMatch[]> {
    return this.#run(async (client) => {
      const { rows } = await client.query(
        `SELECT id, identity_id, -(embedding <#> $2::vector) AS score FROM ${this.#tables}.templates
         WHERE gallery_id = $1 ORDER BY embedding <#> $2::vector, id LIMIT $3`,
        [this.#id, encodeVector(query), k],
      );
      return rows.map(({ id, identity_id, score }) => ({
        templateId: Number(id),
        identityId: Number(identity_id),
        score,
      }));
    });
  }

  async compact(): Promise<void> {
    return this.#run(async (client) => {
      this.#checkWritable();
      await client.query(`VACUUM ${this.#tables}.identities, ${this.#tables}.templates`);
    });
  }

  async close(): Promise<void> {
    return this.#queue.close(async () => {
      if (this.#ownsPool) await this.#pool.end();
    });
  }

  #run<T>(fn: (client: PoolClient) => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      try {
        const client = await this.#pool.connect();
        let failure: Error | undefined;
        // The error of a connection that is lost between two queries.
        const onError = (error: Error) => {
          failure = error;
        };
        client.on('error', onError);
        try {
          return await fn(client);
        } catch (error) {
          // A connection in an unknown state is not used again.
          if (!(error instanceof GalleryStoreError)) failure ??= error as Error;
          throw error;
        } finally {
          client.off('error', onError);
          client.release(failure);
        }
      } catch (error) {
        throw toStoreError(error);
      }
    });
  }

  #checkWritable(): void {
    if (!this.isReadOnly) return;
    throw new GalleryStoreError(
      'READ_ONLY',
      'the gallery was opened with readOnly: true. Open it without to change it.',
    );
  }

  async #galleryRow(
    client: PoolClient,
    lock = '',
  ): Promise<{
    revision: number;
    nextIdentityId: number;
    nextTemplateId: number;
    calibration: Metadata | null;
  }> {
    const { rows } = await client.query(
      `SELECT revision, next_identity_id, next_template_id, calibration FROM ${this.#tables}.galleries
       WHERE id = $1 ${lock}`,
      [this.#id],
    );
    if (rows.length === 0)
      throw new GalleryStoreError('NOT_FOUND', 'the gallery was deleted from the database.');
    const { revision, next_identity_id, next_template_id, calibration } = rows[0];
    return {
      revision: Number(revision),
      nextIdentityId: Number(next_identity_id),
      nextTemplateId: Number(next_template_id),
      calibration,
    };
  }

  async #findVectorOid(client: PoolClient): Promise<number> {
    if (this.#vectorOid === undefined) {
      const { rows } = await client.query("SELECT 'vector'::regtype::oid AS oid");
      this.#vectorOid = Number(rows[0].oid);
    }
    return this.#vectorOid;
  }

  async #read(client: PoolClient): Promise<GallerySnapshot> {
    const { revision, calibration } = await this.#galleryRow(client);
    const identities = await client.query(
      `SELECT id, name, metadata FROM ${this.#tables}.identities WHERE gallery_id = $1 ORDER BY id`,
      [this.#id],
    );
    const templates = await client.query(
      `SELECT id, identity_id, metadata FROM ${this.#tables}.templates WHERE gallery_id = $1 ORDER BY id`,
      [this.#id],
    );
    return {
      header: this.header,
      revision,
      identities: identities.rows.map(toIdentity),
      templates: templates.rows.map(toTemplate),
      embeddings: await this.#readEmbeddings(client, templates.rows.length),
      calibration: calibration && { state: calibration, tensors: await this.#readTensors(client) },
    };
  }

  async #readEmbeddings(client: PoolClient, count: number): Promise<Float32Array> {
    const { embeddingSize } = this.header;
    const out = new Float32Array(count * embeddingSize);
    let [row, last] = [0, 0];
    while (row < count) {
      const { rows } = await client.query(
        `SELECT count(*) AS count, max(id) AS last, string_agg(vector_send(embedding), ''::bytea ORDER BY id) AS vectors
         FROM (SELECT id, embedding FROM ${this.#tables}.templates
               WHERE gallery_id = $1 AND id > $2 ORDER BY id LIMIT ${TEMPLATES_PER_QUERY}) AS part`,
        [this.#id, last],
      );
      const read = Number(rows[0].count);
      const part = out.subarray(row * embeddingSize, (row + read) * embeddingSize);
      if (read === 0 || !decodeVectors(rows[0].vectors, embeddingSize, part)) {
        throw new GalleryStoreError(
          'DAMAGED',
          `templates after ${last} do not have ${embeddingSize} values. Restore the database from a copy.`,
        );
      }
      row += read;
      last = Number(rows[0].last);
    }
    return out;
  }

  async #readTensors(client: PoolClient): Promise<Record<string, StoredTensor>> {
    const { rows } = await client.query(
      `SELECT name, shape, float32 FROM ${this.#tables}.calibration_tensors WHERE gallery_id = $1`,
      [this.#id],
    );
    return Object.fromEntries(
      rows.map(({ name, shape, float32 }) => [
        name,
        { shape, data: new Float32Array(new Uint8Array(float32 as Buffer).buffer) },
      ]),
    );
  }

  /** Loads the identities that changes name, and the templates that they may move or remove. */
  async #loadAffected(client: PoolClient, changes: readonly GalleryChange[]): Promise<GalleryState> {
    const names = new Set<string>();
    const emptied = new Set<string>();
    const ids: number[] = [];
    for (const change of changes) {
      if ('name' in change) names.add(change.name);
      if (change.kind === 'rename') names.add(change.to);
      if (change.kind === 'merge') names.add(change.into);
      if (change.kind === 'removeTemplates') ids.push(...change.ids);
      if (change.kind !== 'enroll' && change.kind !== 'setMetadata' && change.kind !== 'calibrate') {
        for (const name of names) emptied.add(name);
      }
    }
    const isText = (name: unknown) => typeof name === 'string' && !name.includes('\0');
    const identities = await client.query(
      `SELECT id, name, metadata FROM ${this.#tables}.identities WHERE gallery_id = $1 AND name = ANY($2)`,
      [this.#id, [...names].filter(isText)],
    );
    const present = identities.rows.map(toIdentity);
    const templates = await client.query(
      `SELECT id, identity_id, metadata FROM ${this.#tables}.templates
       WHERE gallery_id = $1 AND (identity_id = ANY($2) OR id = ANY($3))`,
      [
        this.#id,
        present.filter(({ name }) => emptied.has(name)).map(({ id }) => id),
        ids.filter(Number.isSafeInteger),
      ],
    );
    const state = new GalleryState();
    state.apply({
      identities: present,
      templates: templates.rows.map(toTemplate),
      moved: [],
      removedTemplates: [],
      removedIdentities: [],
    });
    return state;
  }

  async #apply(
    client: PoolClient,
    { identities, templates, moved, removedTemplates, removedIdentities, calibration }: GalleryDelta,
    embeddings: readonly Float32Array[],
    vectorOid: number,
  ): Promise<void> {
    const tables = this.#tables;
    const json = (records: readonly { metadata: Metadata }[]) =>
      records.map(({ metadata }) => JSON.stringify(metadata));
    if (identities.length > 0) {
      await client.query(
        `INSERT INTO ${tables}.identities (gallery_id, id, name, metadata)
         SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::jsonb[])
         ON CONFLICT (gallery_id, id) DO UPDATE SET name = excluded.name, metadata = excluded.metadata`,
        [this.#id, identities.map(({ id }) => id), identities.map(({ name }) => name), json(identities)],
      );
    }
    if (templates.length > 0) {
      await client.query(
        `INSERT INTO ${tables}.templates (gallery_id, id, identity_id, embedding, metadata)
         SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::vector[], $5::jsonb[])`,
        [
          this.#id,
          templates.map(({ id }) => id),
          templates.map(({ identityId }) => identityId),
          encodeVectors(embeddings, vectorOid),
          json(templates),
        ],
      );
    }
    if (moved.length > 0) {
      await client.query(
        `UPDATE ${tables}.templates SET identity_id = moved.identity_id
         FROM unnest($2::bigint[], $3::bigint[]) AS moved (id, identity_id)
         WHERE gallery_id = $1 AND templates.id = moved.id`,
        [this.#id, moved.map(([id]) => id), moved.map(([, identityId]) => identityId)],
      );
    }
    for (const [table, ids] of [
      ['templates', removedTemplates],
      ['identities', removedIdentities],
    ] as const) {
      if (ids.length === 0) continue;
      await client.query(`DELETE FROM ${tables}.${table} WHERE gallery_id = $1 AND id = ANY($2)`, [
        this.#id,
        ids,
      ]);
    }
    if (calibration !== undefined) await this.#writeCalibration(client, calibration);
  }

  async #writeCalibration(client: PoolClient, calibration: StoredCalibration | null): Promise<void> {
    const state = calibration && JSON.stringify(calibration.state);
    await client.query(`UPDATE ${this.#tables}.galleries SET calibration = $2 WHERE id = $1`, [
      this.#id,
      state,
    ]);
    await client.query(`DELETE FROM ${this.#tables}.calibration_tensors WHERE gallery_id = $1`, [this.#id]);
    for (const [name, { shape, data }] of Object.entries(calibration?.tensors ?? {})) {
      await client.query(
        `INSERT INTO ${this.#tables}.calibration_tensors (gallery_id, name, shape, float32) VALUES ($1, $2, $3, $4)`,
        [this.#id, name, shape, Buffer.from(data.buffer, data.byteOffset, data.byteLength)],
      );
    }
  }
}

const toIdentity = ({ id, name, metadata }: IdentityRecord & { id: unknown }): IdentityRecord => ({
  id: Number(id),
  name,
  metadata,
});

const toTemplate = ({
  id,
  identity_id,
  metadata,
}: {
  id: string;
  identity_id: string;
  metadata: Metadata;
}): TemplateRecord => ({ id: Number(id), identityId: Number(identity_id), metadata });
