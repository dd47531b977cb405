import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { ContractPage } from '../page/page.js';
import { describeDevice, selectBackends } from './node.js';
import type { MissingPlace, Place } from './place.js';
import { type PageServer, servePage, WASM_FOLDER } from './serve.js';

/** Returns the path of the browser: CHROMIUM_PATH, or Debian's. */
export const chromiumPath = () => process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

/** Backends in a browser. */
export const BROWSER_BACKENDS = ['wasm', 'webgpu'] as const;

/** Flags that let Chromium use SwiftShader, its software adapter, on machines without a graphics card. */
const GPU = ['--enable-unsafe-webgpu', '--enable-unsafe-swiftshader'];
const QUIET = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Headless Chromium with the contract's page. */
export class ChromiumContract {
  readonly #browser: Browser;
  readonly #server: PageServer;

  private constructor(browser: Browser, server: PageServer) {
    this.#browser = browser;
    this.#server = server;
  }

  /** Starts the browser. @throws Error if there is no browser at chromiumPath(). */
  static async launch(): Promise<ChromiumContract> {
    const executablePath = chromiumPath();
    if (!existsSync(executablePath)) {
      throw new Error(`There is no browser at ${executablePath}. Install Chromium or set CHROMIUM_PATH.`);
    }
    const server = await servePage();
    try {
      return new ChromiumContract(
        await chromium.launch({ executablePath, args: [...QUIET, ...GPU] }),
        server,
      );
    } catch (error) {
      server.close();
      throw error;
    }
  }

  /** Returns the available backends of a page, and why the others are missing. */
  async places(kind: PageKind = 'plain'): Promise<{ present: Place[]; missing: MissingPlace[] }> {
    const page = await this.open(kind);
    const described = await page.evaluate(() => contract.describeBackends());
    const wasm = await page.evaluate((folder) => contract.startWasm(folder), WASM_FOLDER);
    const places = { present: [] as Place[], missing: [] as MissingPlace[] };
    for (const description of selectBackends(described, BROWSER_BACKENDS)) {
      const { name: backend, available, reason, remedy } = description;
      const name = `${backend} in Chromium${kind === 'plain' ? '' : ", an isolated page's worker"}`;
      if (!available) {
        places.missing.push({ name, why: `${reason} ${remedy}` });
        continue;
      }
      const device =
        backend === 'wasm'
          ? `128-bit SIMD, ${wasm.threads ? 'threads' : 'one thread'}`
          : describeDevice(description);
      places.present.push({
        name,
        backend,
        device: `Chromium ${this.#browser.version().split('.')[0]}: ${device}`,
        run: (check) =>
          page.evaluate(({ check, backend }) => contract.runCheck(check, backend), { check, backend }),
      });
    }
    return places;
  }

  /** Opens a page, with the contract in `globalThis.contract`. */
  async open(kind: PageKind = 'plain'): Promise<Page> {
    const page = await this.#browser.newPage();
    await page.goto(kind === 'plain' ? this.#server.plain : `${this.#server.isolated}#worker`);
    await page.waitForFunction(() => 'contract' in globalThis);
    return page;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.close();
  }
}

/** Page without special headers, or cross-origin isolated page with the contract in a worker. */
export type PageKind = 'plain' | 'isolated worker';

/** Global of the page. */
declare const contract: ContractPage;
