/** Vite plugins for the classic scripts beside the page: the script of ready pages, and the service worker. */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';

const READY_PAGE = 'ready/ready-page.js';
const SERVICE_WORKER = 'service-worker.js';

/** Builds one classic script. A page that is opened as a file cannot load modules. */
async function buildScript(
  entry: string,
  minify: boolean,
  define: Record<string, string> = {},
): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify,
      target: 'es2022',
      rolldownOptions: {
        input: fileURLToPath(new URL(`./src/${entry}`, import.meta.url)),
        output: { format: 'iife', codeSplitting: false },
        transform: { define: { 'import.meta.url': 'document.baseURI', ...define } },
      },
    },
  });
  const [{ output }] = [built].flat() as { output: { code?: string }[] }[];
  return output[0].code ?? '';
}

/** Creates a Vite plugin that serves the script of ready pages next to the page, and adds it to the build. */
export function serveReadyPage(): Plugin {
  let minify = true;
  const script = () => buildScript('ready/ready-page.ts', minify);
  return {
    name: 'ready-page',
    configResolved: (config) => {
      minify = config.build.minify !== false;
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (!(request.url ?? '').includes(READY_PAGE)) return next();
        response.setHeader('content-type', 'text/javascript');
        script().then((code) => response.end(code), next);
      });
    },
    async generateBundle() {
      this.emitFile({ type: 'asset', fileName: READY_PAGE, source: await script() });
    },
  };
}

/** Creates a Vite plugin that adds the service worker and its list of files to the build. */
export function addServiceWorker(): Plugin {
  return {
    name: 'service-worker',
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        const files = Object.values(bundle).filter(({ fileName }) => !fileName.endsWith('.map'));
        const start = new Set(['index.html']);
        // The page's own script, its static imports, and its styles.
        const follow = (name: string) => {
          const file = bundle[name];
          if (!file || start.has(name)) return;
          start.add(name);
          if (file.type === 'chunk') file.imports.forEach(follow);
        };
        for (const file of files) {
          const isEntry = file.type === 'chunk' && file.isEntry;
          if (isEntry || file.fileName.endsWith('.css')) follow(file.fileName);
        }
        const hash = createHash('sha256');
        for (const file of files)
          hash.update(file.fileName).update(file.type === 'chunk' ? file.code : file.source);
        const rest = files.map(({ fileName }) => fileName).filter((name) => !start.has(name));
        const value = JSON.stringify({ start: [...start], rest, hash: hash.digest('hex').slice(0, 16) });
        const source = await buildScript('offline/service-worker.ts', true, { BUILD: value });
        this.emitFile({ type: 'asset', fileName: SERVICE_WORKER, source });
      },
    },
  };
}
