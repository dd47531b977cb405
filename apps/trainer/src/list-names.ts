/** Lists the first names of a list: "a, b, c, …". */
export function listNames(names: readonly string[], most = 5): string {
  return names.slice(0, most).join(', ') + (names.length > most ? ', …' : '');
}
