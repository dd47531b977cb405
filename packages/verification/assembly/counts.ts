// Counts of negative pairs by score. A table has one cell for each score: 16 bits that one thread alone counts in; what flows
// over, once in 65,536 times, goes to a table of 32-bit carries that all threads share.
//
// Scores come in no order and the table is larger than any cache. So they are first laid down by their upper bits, at the end
// of one of 513 lists, and a list that is full is counted at once: its part of the table stays in cache meanwhile.

const LIST: i32 = 16384; // scores of a list, 16 bits each
const LENGTHS: usize = 4096; // bytes before the lists: how many each holds

/** Bytes of one thread's lists. */
export function listBytes(): i32 {
  return LENGTHS + 513 * LIST * 2;
}

/** Counts a score now. */
@inline
export function countNegative(score: i32, low: usize, carries: usize): void {
  const at = low + (<usize>score << 1);
  const more = load<u16>(at) + 1;
  store<u16>(at, <u16>more);
  if (!(more & 0xffff)) carry(score, carries);
}

// Apart, so that the loops around it stay small.
function carry(score: i32, carries: usize): void {
  atomic.add<u32>(carries + (<usize>score << 2), 1);
}

/** Lays a score down to be counted. */
@inline
export function layDown(score: i32, low: usize, carries: usize, lists: usize): void {
  const list = score >>> 16;
  const length = lists + (<usize>list << 2);
  const held = load<i32>(length);
  store<u16>(lists + LENGTHS + (<usize>list * (LIST * 2)) + (<usize>held << 1), <u16>score);
  store<i32>(length, held + 1);
  if (held == LIST - 1) countList(list, low, carries, lists);
}

function countList(list: i32, low: usize, carries: usize, lists: usize): void {
  const length = lists + (<usize>list << 2);
  let at = lists + LENGTHS + <usize>list * (LIST * 2);
  const end = at + (<usize>load<i32>(length) << 1);
  for (; at < end; at += 2) countNegative((list << 16) | <i32>load<u16>(at), low, carries);
  store<i32>(length, 0);
}

/** Counts what is laid down. */
export function countLists(low: usize, carries: usize, lists: usize): void {
  for (let list = 0; list < 513; list++) countList(list, low, carries, lists);
}
