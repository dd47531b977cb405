import type { Page } from 'playwright-core';

/** Collects what a page must not do: errors, violations of its Content Security Policy, and requests that leave its origin. */
export function watchPage(page: Page, address: string): readonly string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) errors.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!/^(blob|data):/.test(url) && !url.startsWith(address)) errors.push(`a request to ${url}`);
  });
  return errors;
}
