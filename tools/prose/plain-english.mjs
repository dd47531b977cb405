// The textlint rule: sentences as CONTRIBUTING's "Style" wants them.
import { split } from 'sentence-splitter';
import { LONGEST_SENTENCE, PATTERNS, SPELLINGS } from './word-list.mjs';

const BRITISH = new RegExp(`\\b\\w*?(${Object.keys(SPELLINGS).join('|')})\\w*`, 'gi');
// Names of other people's APIs, and words that only begin like a British one.
const NOT_BRITISH = /^(aria-)?labelledby$|colourspace|^greyhound|^grey(8|16)$|^fulfill/i;

/** Reports each sentence of a paragraph, heading or list item that breaks a rule of the word list. */
export function plainEnglish(context) {
  const { Syntax, RuleError, report, getSource } = context;
  const check = (node) => {
    const text = readable(getSource(node));
    const say = (message, index) => report(node, new RuleError(message, { index }));
    for (const match of text.matchAll(BRITISH)) {
      if (!NOT_BRITISH.test(match[0]))
        say(`"${match[0]}": American spelling has "${SPELLINGS[match[1].toLowerCase()]}"`, match.index);
    }
    for (const { find, say: advice, where } of PATTERNS) {
      if (where === 'sentence') continue;
      const match = find.exec(text);
      if (match) say(`"${match[0]}": ${advice}`, match.index);
    }
    for (const { type, raw, range } of split(text)) {
      if (type !== 'Sentence') continue;
      const sentence = raw.trim();
      for (const { find, say: advice, where } of PATTERNS) {
        if (where === 'sentence' && find.test(sentence))
          say(`"${sentence.slice(0, 50)}…": ${advice}`, range[0]);
      }
      const words = sentence.match(/[\p{L}\p{N}][\p{L}\p{N}'’._/-]*/gu)?.length ?? 0;
      if (words > LONGEST_SENTENCE)
        say(`a sentence of ${words} words ("${sentence.slice(0, 40)}…"): cut it in two`, range[0]);
    }
  };
  return { [Syntax.Paragraph]: check, [Syntax.Header]: check };
}

/** Blanks code, addresses and a comment's own marks, so that an index in the result is one in the source. */
function readable(text) {
  const blank = (part) => part.replace(/[^\n]/g, ' ');
  return (
    text
      .replace(/`[^`]*`/g, (part) => 'x'.repeat(part.length))
      // Both brackets: the splitter looks for the end of an open one.
      .replace(/\[(?=[^\]]*\]\()/g, ' ')
      .replace(/\]\([^)]*\)/g, blank)
      .replace(/https?:\/\/\S+/g, (part) => 'x'.repeat(part.length))
      .replace(/\{@\w+\s/g, blank)
      .replace(/^[ \t]*(\*|\/\/)/gm, blank)
      .replace(
        /^@(param|throws|returns|property|typedef|type|default|see|deprecated)\b[ \t]*(\{[^}]*\})?/gm,
        blank,
      )
      .replace(/\n/g, ' ')
  );
}
