/** Milliseconds after which the remaining files are loaded, so that the first steps have the network for themselves. */
const REST_AFTER_MS = 3000;

/** Keeps the files of the page in the browser. Does nothing where service workers are not available, such as without https. */
export async function keepOffline(): Promise<void> {
  if (!('serviceWorker' in navigator) || !isSecureContext) return;
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener('message', ({ data }) => {
    if (data === 'kept-all') document.body.dataset['offline'] = 'ready';
  });
  try {
    await serviceWorker.register('./service-worker.js');
    const { active } = await serviceWorker.ready;
    setTimeout(() => active?.postMessage('keep-all'), REST_AFTER_MS);
  } catch {
    // The browser or its user does not allow it: the page then needs its server.
  }
}
