import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// As the build does: weights are base64, and cards are text.
export default defineConfig({
  plugins: [
    {
      name: 'weights and cards as modules',
      enforce: 'pre',
      load(id) {
        if (id.endsWith('.md')) return `export default ${JSON.stringify(readFileSync(id, 'utf8'))}`;
        if (!id.endsWith('.safetensors')) return undefined;
        return `export default '${readFileSync(id).toString('base64')}'`;
      },
    },
  ],
});
