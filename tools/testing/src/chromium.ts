import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Returns whether there is a browser; warns that `what` is skipped if not, or throws in CI. */
export function isChromiumInstalled(what: string): boolean {
  if (existsSync(executablePath)) return true;
  const reason = `There is no browser at ${executablePath}; install Chromium or set CHROMIUM_PATH.`;
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`Skipping ${what}. ${reason}`);
  return false;
}

/** Arguments for a camera that shows a moving test picture, and that pages may use without asking. */
export const FAKE_CAMERA = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** Starts headless Chromium, without a graphics card. */
export function launchChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath, args: [...QUIET, ...args] });
}
