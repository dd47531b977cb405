// Counts negative pairs by score. Each thread has a table with a 16-bit cell for each score. Every 65,536th pair of a score
// overflows its cell and is added to a table of 32-bit carries that all threads share.
//
// Scores arrive in no order and the table is larger than any cache. They are therefore first appended to one of 513 lists by
// their upper bits. A full list is counted at once, while its part of the table stays in cache.

/** Scores that a list holds, 16 bits each. */
const LIST: i32 = 16384;
/** Bytes before the lists, which hold the length of each. */
const LENGTHS: usize = 4096;

/** Returns the bytes of one thread's lists. */
export function listBytes(): i32 {
  return LENGTHS + 513 * LIST * 2;
}

/** Counts a negative pair at its score. */
@inline
export function countNegative(score: i32, low: usize, carries: usize): void {
  const at = low + (<usize>score << 1);
  const more = load<u16>(at) + 1;
  store<u16>(at, <u16>more);
  if (!(more & 0xffff)) carry(score, carries);
}

// Not inlined, to keep the calling loops small.
function carry(score: i32, carries: usize): void {
  atomic.add<u32>(carries + (<usize>score << 2), 1);
}

/** Appends a score to its list. Counts the list if it is full. */
@inline
export function appendScore(score: i32, low: usize, carries: usize, lists: usize): void {
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

/** Counts the scores that are left in the lists. */
export function countLists(low: usize, carries: usize, lists: usize): void {
  for (let list = 0; list < 513; list++) countList(list, low, carries, lists);
}
