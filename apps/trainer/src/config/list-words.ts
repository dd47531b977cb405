/** Joins words as in a sentence: `a, b or c`. */
export function listWords(words: readonly (string | number)[], conjunction: 'and' | 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`;
}
