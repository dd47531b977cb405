import { type Content, Html, html } from './html.js';
import { STYLES } from './styles.js';

/** Renders a report's page: one HTML file whose content security policy forbids scripts and external resources. */
export function renderPage({
  title,
  styles = '',
  header,
  main,
}: {
  title: string;
  /** Styles in addition to {@link STYLES}. */
  styles?: string;
  header: Content;
  main: Content;
}): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Html(STYLES + styles)}</style>
</head>
<body>
<header>
${header}
</header>
<main>
${main}
</main>
<footer>Made with unitsphere.</footer>
</body>
</html>
`.text;
}
