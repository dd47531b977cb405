import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/postgres.js';
import type { GalleryChange } from '../../src/store/gallery-store.js';
import { hasSmallDisk, PostgresServer, postgresBin, REQUIRES } from './postgres-server.js';
import { describeGallery, header, testStore, vector } from './store-contract.js';
import { KILLS, surviveKills } from './survive-kills.js';

let server: PostgresServer;
let galleries = 0;
const enroll = (name: string, ...embeddings: Float32Array[]): GalleryChange => ({
  kind: 'enroll',
  name,
  templates: embeddings.map((embedding) => ({ embedding })),
});

describe.skipIf(!postgresBin)(`PostgreSQL (${REQUIRES})`, () => {
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);
  afterAll(() => server?.stop());

  const open = (options = {}) =>
    openPostgresStore({
      connection: server.connection,
      gallery: `gallery ${galleries++} "quoted'`,
      header,
      ...options,
    });
  const query = async (text: string, connection: object = server.connection) => {
    const client = new pg.Client(connection);
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };

  testStore(open);

  test("several processes write one gallery, and see it in each other's revisions", async () => {
    const [a, b] = [await open({ gallery: 'shared' }), await open({ gallery: 'shared' })];
    await Promise.all(
      [a, b].flatMap((store, s) =>
        Array.from({ length: 20 }, (_, i) => store.write([enroll(`${s}`, vector(i, s, 0, 1))])),
      ),
    );
    expect(await a.revision()).toBe(40);
    const snapshot = await b.read();
    expect(snapshot.templates.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(snapshot).toEqual(await a.read());
    await expect(a.write([enroll('0'), { kind: 'rename', name: '0', to: '1' }])).rejects.toMatchObject({
      code: 'NAME_TAKEN',
    });
    await Promise.all([a.close(), b.close()]);
  });

  test('searches with the exact operator of pgvector', async () => {
    const store = await open();
    await store.write([
      enroll('a', vector(1, 0, 0, 0), vector(0.6, 0.8, 0, 0)),
      enroll('b', vector(1, 0, 0, 0), vector(0, 0, 1, 0)),
    ]);
    expect(await store.search(vector(1, 0, 0, 0), 3)).toEqual([
      { templateId: 1, identityId: 1, score: 1 },
      { templateId: 3, identityId: 2, score: 1 },
      { templateId: 2, identityId: 1, score: expect.closeTo(0.6, 6) },
    ]);
    await store.close();
  });

  test('reads galleries of more templates than one query returns', { timeout: 60_000 }, async () => {
    const store = await open();
    const rows = Array.from({ length: 5001 }, (_, i) => vector(i, 1, 2, 3));
    await store.write([enroll('many', ...rows)]);
    const { embeddings } = await store.read();
    expect(embeddings.length).toBe(4 * 5001);
    expect(rows.every((row, i) => embeddings[4 * i] === row[0])).toBe(true);
    await store.close();
  });

  test('galleries of one database do not mix', async () => {
    const [a, b] = [await open(), await open({ header: { embeddingSize: 2, embedder: 'other' } })];
    await a.write([enroll('x', vector(1, 2, 3, 4))]);
    await b.write([enroll('x', vector(5, 6))]);
    expect(describeGallery(await b.read())).toEqual({
      x: { metadata: {}, templates: [{ id: 1, embedding: [5, 6], metadata: {} }] },
    });
    await a.write([{ kind: 'remove', name: 'x' }]);
    expect((await b.read()).templates).toHaveLength(1);
    await Promise.all([a.close(), b.close()]);
  });

  test('a pool of the caller stays open', async () => {
    const pool = new pg.Pool(server.connection);
    const store = await openPostgresStore({ pool, header });
    await store.close();
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test('reports a gallery, a database or a server that is not there', async () => {
    await expect(open({ header: undefined })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/no gallery .* Check the name, or give `header`/),
    });
    await expect(open({ schema: 'other', header: undefined })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(open({ connection: { ...server.connection, database: 'none' } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(open({ connection: { ...server.connection, host: '/nowhere' } })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/PostgreSQL cannot be used: .*ENOENT.* Check the server/),
    });
  });

  test('reports another embedder and another version', async () => {
    await (await open({ gallery: 'versions' })).close();
    await expect(
      open({ gallery: 'versions', header: { ...header, embedder: 'sha256:other' } }),
    ).rejects.toMatchObject({ code: 'WRONG_EMBEDDER' });
    await query("UPDATE unitsphere.galleries SET version = 2 WHERE name = 'versions'");
    await expect(open({ gallery: 'versions' })).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
      message: expect.stringContaining('has version 2, but this package reads version 1'),
    });
  });

  test('refuses to write a gallery opened for reading, or without the right to', async () => {
    await (await open({ gallery: 'rights' })).close();
    const reader = await open({ gallery: 'rights', readOnly: true });
    await expect(reader.write([])).rejects.toMatchObject({ code: 'READ_ONLY' });
    await expect(reader.compact()).rejects.toMatchObject({ code: 'READ_ONLY' });
    expect((await reader.read()).revision).toBe(0);
    await reader.close();
    await query(`CREATE ROLE viewer LOGIN; GRANT USAGE ON SCHEMA unitsphere TO viewer;
                 GRANT SELECT ON ALL TABLES IN SCHEMA unitsphere TO viewer`);
    const viewer = await open({ gallery: 'rights', connection: { ...server.connection, user: 'viewer' } });
    expect((await viewer.read()).revision).toBe(0);
    await expect(viewer.write([enroll('a')])).rejects.toMatchObject({
      code: 'READ_ONLY',
      message: expect.stringMatching(/permission denied for table galleries\. Grant the role rights/),
    });
    await viewer.close();
  });

  test('reports a server without pgvector', async () => {
    // A role that may not create extensions stands for a server that lacks it.
    await query('CREATE DATABASE bare');
    await query('CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE bare TO plain', {
      ...server.connection,
      database: 'bare',
    });
    const connection = { ...server.connection, database: 'bare', user: 'plain' };
    const opened = open({ connection }).then(
      async (store) => {
        // pgvector may be marked as trusted.
        await store.close();
        return 'created';
      },
      (error) => error.code,
    );
    expect(['created', 'MISSING_DEPENDENCY']).toContain(await opened);
  });

  test.skipIf(!hasSmallDisk)(
    'a full disk of the server is reported, and the store goes on when there is space (requires root)',
    async () => {
      await query(`CREATE TABLESPACE small LOCATION '${server.disk}'`);
      const small = { ...server.connection, options: '-c default_tablespace=small' };
      await query('CREATE TABLE reserve AS SELECT repeat($$x$$, 1000) FROM generate_series(1, 1000)', small);
      const size = 250;
      const embedding = () => Float32Array.from({ length: size }, () => Math.random());
      const store = await open({
        connection: small,
        schema: 'small',
        header: { embeddingSize: size, embedder: 'e' },
      });
      const enrollSome = () =>
        store.write([
          {
            kind: 'enroll',
            name: 'a',
            templates: Array.from({ length: 50 }, () => ({ embedding: embedding() })),
          },
        ]);
      let acknowledged = 0;
      const fill = async () => {
        for (;;) {
          await enrollSome();
          acknowledged++;
        }
      };
      await expect(fill()).rejects.toMatchObject({
        code: 'DISK_FULL',
        message: expect.stringMatching(/No space left on device\. Free space on the server, then repeat/),
      });
      expect(acknowledged).toBeGreaterThan(5);
      expect((await store.read()).templates).toHaveLength(50 * acknowledged);
      await query('DROP TABLE reserve; CHECKPOINT');
      await enrollSome();
      expect((await store.read()).templates).toHaveLength(50 * (acknowledged + 1));
      await store.close();
      await query('DROP SCHEMA small CASCADE');
      await query('DROP TABLESPACE small');
    },
  );

  test('goes on after the server has ended its connections', async () => {
    const store = await open();
    await store.write([enroll('a', vector(1, 0, 0, 0))]);
    await query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL',
    );
    const revisions = [await store.revision().catch((error) => error.code), await store.revision()];
    expect([
      ['UNAVAILABLE', 1],
      [1, 1],
    ]).toContainEqual(revisions);
    await store.close();
  });

  const report = (text: string) => {
    if (process.env['UNITSPHERE_KILLS']) console.log(text);
  };

  test(`keeps every acknowledged transaction over ${KILLS} kills of the writer`, {
    timeout: 60_000 + KILLS * 8000,
  }, async () => {
    const place = JSON.stringify({ connection: server.connection, gallery: 'writers' });
    const transactions = await surviveKills('postgres', place);
    expect(transactions).toBeGreaterThan(KILLS);
    report(`PostgreSQL: ${KILLS} kills of the writer, ${transactions} transactions, none lost`);
  });

  test(`keeps every acknowledged transaction over ${KILLS} kills of the server`, {
    timeout: 60_000 + KILLS * 12_000,
  }, async () => {
    const place = JSON.stringify({ connection: server.connection, gallery: 'servers' });
    const transactions = await surviveKills('postgres', place, {
      kill: async (child) => {
        await server.kill();
        child.kill('SIGKILL');
      },
      onKilled: () => server.run(),
      seed: 2,
    });
    expect(transactions).toBeGreaterThan(KILLS);
    report(`PostgreSQL: ${KILLS} kills of the server, ${transactions} transactions, none lost`);
  });
});
