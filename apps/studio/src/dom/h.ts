/** Properties of an element: its own, `class`, `aria-…`, `data-…`, and listeners by `on…`. */
type Properties = Readonly<Record<string, unknown>>;

/** Creates an element. Undefined, null and false are left out; other properties become attributes or properties. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly (Node | string | undefined | false)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.includes('-') || name === 'class' || name === 'role' || name === 'for' || name === 'style') {
      element.setAttribute(name, String(value));
    } else Reflect.set(element, name, value);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}
