import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Returns the peak resident memory of this process, in bytes. */
export function readPeakRss(): number {
  // Both are in KiB. A child process inherits maxRSS from its parent, but not VmHWM.
  return (readLinuxStatus('VmHWM') ?? process.resourceUsage().maxRSS) * 1024;
}

/** Starts the peak anew from the current memory. Does nothing on a system other than Linux. */
export function resetPeakRss(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // The peak then includes everything since the start.
  }
}

/** Runs the garbage collector of this thread. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}

/** Returns the current resident memory of this process, in bytes. */
export function readRss(): number {
  return process.memoryUsage.rss();
}

/**
 * Returns the anonymous part of the resident memory, in bytes: pages that no file backs, so the system cannot drop them.
 * Undefined if the system does not report it.
 */
export function readAnonymousRss(): number | undefined {
  const kibibytes = readLinuxStatus('RssAnon');
  return kibibytes === undefined ? undefined : kibibytes * 1024;
}

function readLinuxStatus(key: string): number | undefined {
  try {
    const line = readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm'));
    return line ? Number(line[1]) : undefined;
  } catch {
    return undefined;
  }
}
