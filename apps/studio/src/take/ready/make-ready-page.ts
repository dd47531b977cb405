import { DATA_ID, type ReadyData } from '../../ready/ready-data.js';
import { resolveServed } from '../../served.js';
import { escapeHtml, TEXTS } from '../../texts.js';

/** Forbids the page every request, so that pictures cannot leave it. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; media-src blob: mediastream:; connect-src blob:; worker-src blob:";

/** Returns the text of a script or data block; an end tag within it would end the element. */
const inside = (text: string) => text.replaceAll('</', '<\\/');

/** Returns the HTML of a page that recognizes, with everything in it. It sends and needs no request. */
export async function makeReadyPage(data: Omit<ReadyData, 'wasm'>): Promise<string> {
  const [script, wasm] = await Promise.all([
    fetchServed('ready/ready-page.js').then((response) => response.text()),
    fetchServed('wasm/tfjs-backend-wasm-simd.wasm').then((response) => response.arrayBuffer()),
  ]);
  const complete: ReadyData = { ...data, wasm: toBase64(new Uint8Array(wasm)) };
  const styles = [...document.styleSheets].flatMap((sheet) =>
    [...sheet.cssRules].map((rule) => rule.cssText),
  );
  const text = TEXTS.try;
  const title = escapeHtml(data.title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${inside(styles.join('\n'))}</style>
</head>
<body data-state="loading">
<main id="content">
<section class="step">
<h1>${title}</h1>
<p class="lead">${escapeHtml(TEXTS.ready.lead)}</p>
<div class="failure" id="ready-failure" role="alert" hidden></div>
<div class="trial">
<div class="panel">
<h2>${escapeHtml(text.query)}</h2>
<div class="drop query" id="query">
<p class="drop-title" id="query-empty">${escapeHtml(text.drop)}</p>
<img id="query-image" alt="${escapeHtml(text.queryImage)}" hidden>
<video id="query-video" muted playsinline aria-label="${escapeHtml(TEXTS.camera.view)}" hidden></video>
</div>
<p class="buttons">
<button id="query-choose" type="button">${escapeHtml(text.choose)}</button>
<button id="query-camera" class="quiet" type="button">${escapeHtml(text.camera)}</button>
</p>
<input id="query-input" type="file" accept="image/*" hidden>
</div>
<div class="panel" id="result" role="status"><p class="placeholder">${escapeHtml(text.emptyResult)}</p></div>
</div>
</section>
</main>
<footer>${escapeHtml(TEXTS.ready.footer)}</footer>
<script type="application/json" id="${DATA_ID}">${inside(JSON.stringify(complete))}</script>
<script>${inside(script)}</script>
</body>
</html>
`;
}

async function fetchServed(path: string): Promise<Response> {
  const response = await fetch(resolveServed(path));
  if (!response.ok) throw new Error(`${path}: the server answers ${response.status}. Reload the page.`);
  return response;
}

/** Returns bytes in base64. */
export function toBase64(bytes: Uint8Array): string {
  let letters = '';
  // In parts, because an argument list has a limit.
  for (let at = 0; at < bytes.length; at += 0x8000) {
    letters += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(letters);
}

/** Returns a picture as an address that holds it. */
export async function toDataUrl(picture: Blob): Promise<string> {
  return `data:${picture.type};base64,${toBase64(new Uint8Array(await picture.arrayBuffer()))}`;
}
