export {
  openPostgresStore,
  type PostgresMatch,
  type PostgresStore,
  type PostgresStoreOptions,
} from './store/postgres/postgres-store.js';
