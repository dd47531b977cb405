import { defineConfig } from 'vitest/config';

// Software GPUs compile for a while; a loaded machine takes its time.
export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } });
