import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// As the build does: weights are bytes, and cards are text.
export default defineConfig({
  plugins: [
    {
      name: 'weights and cards as modules',
      enforce: 'pre',
      load(id) {
        if (id.endsWith('.md')) return `export default ${JSON.stringify(readFileSync(id, 'utf8'))}`;
        if (!id.endsWith('.safetensors')) return undefined;
        const bytes = readFileSync(id).toString('base64');
        return `export default Uint8Array.from(atob('${bytes}'), (letter) => letter.charCodeAt(0))`;
      },
    },
  ],
});
