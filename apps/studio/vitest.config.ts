import { defineConfig } from 'vitest/config';

// A build and trainings in a browser; a loaded machine takes its time.
export default defineConfig({ test: { testTimeout: 180_000, hookTimeout: 180_000 } });
