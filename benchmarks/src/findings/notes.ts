import type { ClaimVerdict } from './measure-finding.js';

/** Why we think that a finding came out here as it did, written by hand beside the figures of one measurement. */
export interface Note {
  finding: number;
  /** The verdict of each of the finding's claims that it was written for: beside others it is refused. */
  writtenFor: Record<string, ClaimVerdict>;
  text: string;
}

export const NOTES: readonly Note[] = [];
