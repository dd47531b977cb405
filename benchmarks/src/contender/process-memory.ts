import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The most physical memory this process ever had, in bytes. */
export function peakRss(): number {
  // Kilobytes; on Linux the same number as VmHWM, on which a child does not inherit its parent's as maxRSS does.
  return (linuxStatus('VmHWM') ?? process.resourceUsage().maxRSS) * 1024;
}

/** Has this thread's garbage collected, so that what is left is in use. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}

/** The physical memory this process has now, in bytes. */
export function rss(): number {
  return process.memoryUsage.rss();
}

/** Of it, what belongs to no file: the system cannot take it back. undefined where it does not say. */
export function anonymous(): number | undefined {
  const kilobytes = linuxStatus('RssAnon');
  return kilobytes === undefined ? undefined : kilobytes * 1024;
}

function linuxStatus(key: string): number | undefined {
  try {
    const line = readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm'));
    return line ? Number(line[1]) : undefined;
  } catch {
    return undefined;
  }
}
