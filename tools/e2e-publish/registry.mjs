// A registry on loopback. It serves our published packages and proxies all others from the registry npm is configured with.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { npmCommand } from '../workspace/npm-command.mjs';
import { cleanEnvironment, run, start } from './processes.mjs';

/**
 * Starts Verdaccio with its storage in a folder.
 * @param folder An empty folder.
 * @param ours Names of packages that are never proxied.
 * @returns Its address, with a trailing slash, and the content of an `.npmrc` that uses it.
 */
export async function startRegistry(folder, ours) {
  const upstream = await npmSetting('registry');
  const authorities = await npmSetting('cafile');
  const port = await freePort();
  const config = join(folder, 'config.yaml');
  writeFileSync(config, settings(join(folder, 'storage'), upstream, ours));
  const child = start(
    process.execPath,
    [
      fileURLToPath(import.meta.resolve('verdaccio/bin/verdaccio')),
      '--config',
      config,
      '--listen',
      `127.0.0.1:${port}`,
    ],
    {
      cwd: folder,
      env: cleanEnvironment(
        authorities && !process.env.NODE_EXTRA_CA_CERTS ? { NODE_EXTRA_CA_CERTS: authorities } : {},
      ),
    },
  );
  const address = `http://127.0.0.1:${port}/`;
  for (const until = Date.now() + 60_000; ; await sleep(200)) {
    if (child.exitCode !== null || Date.now() > until) {
      throw new Error(`The registry did not start.\n${child.output()}`);
    }
    if (
      await fetch(`${address}-/ping`).then(
        (r) => r.ok,
        () => false,
      )
    )
      break;
  }
  // npm publishes only with a token. This registry accepts any.
  return {
    address,
    npmrc: `registry=${address}\n//127.0.0.1:${port}/:_authToken=anyone\naudit=false\nfund=false\n`,
  };
}

/** Returns a setting of the user's npm, or undefined if it is not set. */
async function npmSetting(name) {
  const value = (await run(...npmCommand('config', 'get', name), { env: process.env })).trim();
  return value === 'null' || value === 'undefined' || value === '' ? undefined : value;
}

function settings(storage, upstream, ours) {
  const own = ours.map((name) => `  '${name}': { access: $all, publish: $all }`).join('\n');
  return `storage: ${JSON.stringify(storage)}
uplinks:
  upstream: { url: ${JSON.stringify(upstream)}, maxage: 1h, timeout: 60s, max_fails: 20, cache: true }
packages:
${own}
  '**': { access: $all, proxy: upstream }
web: { enable: false }
max_body_size: 200mb
log: { type: stdout, format: pretty, level: warn }
`;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
