/** Version of the tables that this package reads and writes. */
export const SCHEMA_VERSION = 1;

/** Returns the statements that create the tables of all galleries in a schema. `schema` is quoted. */
export function createTables(schema: string): string {
  return `
    CREATE SCHEMA IF NOT EXISTS ${schema};
    CREATE EXTENSION IF NOT EXISTS vector;
    CREATE TABLE IF NOT EXISTS ${schema}.galleries (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL UNIQUE,
      version integer NOT NULL,
      embedding_size integer NOT NULL,
      embedder text NOT NULL,
      revision bigint NOT NULL DEFAULT 0,
      next_identity_id bigint NOT NULL DEFAULT 1,
      next_template_id bigint NOT NULL DEFAULT 1,
      calibration jsonb
    );
    CREATE TABLE IF NOT EXISTS ${schema}.calibration_tensors (
      gallery_id integer NOT NULL REFERENCES ${schema}.galleries ON DELETE CASCADE,
      name text NOT NULL,
      shape integer[] NOT NULL,
      float32 bytea NOT NULL,
      PRIMARY KEY (gallery_id, name)
    );
    CREATE TABLE IF NOT EXISTS ${schema}.identities (
      gallery_id integer NOT NULL REFERENCES ${schema}.galleries ON DELETE CASCADE,
      id bigint NOT NULL,
      name text NOT NULL,
      metadata jsonb NOT NULL,
      PRIMARY KEY (gallery_id, id),
      UNIQUE (gallery_id, name) DEFERRABLE INITIALLY DEFERRED
    );
    CREATE TABLE IF NOT EXISTS ${schema}.templates (
      gallery_id integer NOT NULL,
      id bigint NOT NULL,
      identity_id bigint NOT NULL,
      embedding vector NOT NULL,
      metadata jsonb NOT NULL,
      PRIMARY KEY (gallery_id, id),
      FOREIGN KEY (gallery_id, identity_id) REFERENCES ${schema}.identities (gallery_id, id)
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
    );
    CREATE INDEX IF NOT EXISTS templates_of_identity ON ${schema}.templates (gallery_id, identity_id);
  `;
}

/** Quotes an SQL identifier. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
