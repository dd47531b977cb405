import { defineConfig } from 'vitest/config';

// TensorFlow's library is nearly a gigabyte to load; a busy machine takes its time.
export default defineConfig({ test: { testTimeout: 60_000 } });
