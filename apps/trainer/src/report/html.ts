/** A piece of HTML that is inserted into a page without escaping. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** A value of an `html` template. Text and numbers are escaped, `Html` is not; null, undefined and false are omitted. */
export type Content = Html | string | number | null | undefined | false | Content[];

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for element content and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

function flatten(content: Content): string {
  if (content === null || content === undefined || content === false) return '';
  if (Array.isArray(content)) return content.map(flatten).join('');
  return content instanceof Html ? content.text : escapeHtml(String(content));
}

/** Renders a template and escapes its values: html`<p>${text}</p>`. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(strings.reduce((page, part, i) => page + flatten(values[i - 1]) + part));
}
