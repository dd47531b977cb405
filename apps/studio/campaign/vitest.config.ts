import { defineConfig } from 'vitest/config';

// Long proofs, which `npm test` leaves out: `npm run campaign -w apps/studio`.
export default defineConfig({
  test: { include: ['campaign/**/*.campaign.ts'], testTimeout: 1_800_000, hookTimeout: 180_000 },
});
