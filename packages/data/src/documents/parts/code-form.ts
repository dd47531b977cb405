import type { Random } from '@unitsphere/core/random';

/** Draws the form of an issuer's numbers, for `Filler.code`: # is a digit, A a letter. */
export function drawCodeForm(random: Random, digits = 7): string {
  const letters = 'A'.repeat(random.int(3));
  const block = '#'.repeat(digits);
  switch (random.int(5)) {
    case 0:
      return `${letters}${block}`;
    case 1:
      return `${block.slice(0, 3)}-${block.slice(3)}${letters}`;
    case 2:
      return `${letters || 'A'} ${block.slice(0, 3)} ${block.slice(3)}`;
    case 3:
      return `${block.slice(0, 2)}.${block.slice(2, 5)}.${block.slice(5)}`;
    default:
      return `${letters}/${block}`.replace(/^\//, '');
  }
}
