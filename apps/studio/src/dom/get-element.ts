/** Returns the element of the page with an id. @throws Error if there is no such element. */
export function getElement<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element #${id}.`);
  return found as E;
}
