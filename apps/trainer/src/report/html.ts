/** A piece of HTML that is safe to put into a page as it stands. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What an `html` template takes: text and numbers are escaped, `Html` is not, and nothing is left of null or false. */
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

/** A template whose values are escaped: html`<p>${text}</p>`. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(strings.reduce((page, part, i) => page + flatten(values[i - 1]) + part));
}
