/** Service worker: keeps the files of the page, so that it works offline after the first visit. */

/** The files of the build: those that the page starts with, all others, and a hash of them. The build fills them in. */
declare const BUILD: {
  readonly start: readonly string[];
  readonly rest: readonly string[];
  readonly hash: string;
};

/** The part of a service worker's scope that is used; TypeScript's library for workers excludes that of pages. */
interface Scope {
  readonly registration: { readonly scope: string };
  readonly clients: { matchAll(options: object): Promise<{ postMessage(message: unknown): void }[]> };
  addEventListener(type: string, listener: (event: WorkerEvent) => void): void;
}
interface WorkerEvent {
  readonly request: Request;
  readonly data: unknown;
  waitUntil(done: Promise<unknown>): void;
  respondWith(answer: Promise<Response>): void;
}

const PREFIX = 'unitsphere-studio-';
const CACHE = `${PREFIX}${BUILD.hash}`;
const scope = self as unknown as Scope;
const addressOf = (file: string) => new URL(file, scope.registration.scope).href;

scope.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(BUILD.start.map(addressOf))));
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(removeOld());
});

/** Removes the files of earlier builds, which no tab shows any longer. */
async function removeOld(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)),
  );
}

// The page asks for the rest when it is idle.
scope.addEventListener('message', (event) => {
  if (event.data === 'keep-all') event.waitUntil(keepAll());
});

/** Loads the remaining files one after another, so that they do not hold up what the page needs. */
async function keepAll(): Promise<void> {
  const cache = await caches.open(CACHE);
  for (const file of BUILD.rest) {
    const address = addressOf(file);
    if (!(await cache.match(address))) await cache.add(address);
  }
  for (const client of await scope.clients.matchAll({ includeUncontrolled: true }))
    client.postMessage('kept-all');
}

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && new URL(request.url).origin === location.origin) {
    event.respondWith(answer(request));
  }
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const isPage = request.mode === 'navigate' && request.url.split(/[?#]/)[0] === scope.registration.scope;
  const kept = await cache.match(isPage ? addressOf('index.html') : request.url);
  return kept ?? fetch(request);
}
