import { defineConfig } from 'vitest/config';

// Trainings, small ones; a loaded machine takes its time.
export default defineConfig({ test: { testTimeout: 180_000 } });
