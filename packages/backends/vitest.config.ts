import { defineConfig } from 'vitest/config';

// Loading TensorFlow's library of nearly a gigabyte takes long on a busy machine.
export default defineConfig({ test: { testTimeout: 60_000 } });
