// A textlint plugin that reads the prose of code: comments, and string literals that are sentences (errors, help, test names).
import ts from 'typescript';

/** A string literal is taken for prose if it has this many words. */
const PROSE_WORDS = 4;

export const codePlugin = {
  Processor: class {
    availableExtensions() {
      return ['.ts', '.mjs', '.js', '.cjs'];
    }

    processor() {
      return {
        preProcess: (text) => documentOf(text),
        postProcess: (messages, filePath) => ({ messages, filePath }),
      };
    }
  },
};

/** Returns a textlint document with one paragraph for each comment block and each prose string. */
function documentOf(text) {
  const starts = lineStarts(text);
  const children = segmentsOf(text).map((segment) => {
    const children = segment.lines.map(({ from, to }) => node('Str', text, starts, from, to));
    return { ...node('Paragraph', text, starts, segment.lines[0].from, segment.lines.at(-1).to), children };
  });
  return { ...node('Document', text, starts, 0, text.length), children };
}

function node(type, text, starts, from, to) {
  const raw = text.slice(from, to);
  const loc = { start: position(starts, from), end: position(starts, to) };
  return { type, raw, range: [from, to], loc, ...(type === 'Str' && { value: raw }) };
}

function lineStarts(text) {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function position(starts, offset) {
  let low = 0;
  for (let high = starts.length; high - low > 1; ) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - starts[low] };
}

/** Returns comments and prose strings in order, each as the ranges of its lines' text. */
function segmentsOf(text) {
  const source = ts.createSourceFile('prose.ts', text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const comments = new Map();
  const segments = [];
  const visit = (tree) => {
    for (const range of ts.getLeadingCommentRanges(text, tree.getFullStart()) ?? [])
      comments.set(range.pos, range);
    for (const range of ts.getTrailingCommentRanges(text, tree.getEnd()) ?? [])
      comments.set(range.pos, range);
    const string = proseRange(tree, text);
    if (string) segments.push({ lines: [string] });
    ts.forEachChild(tree, visit);
  };
  visit(source);
  for (const range of ts.getLeadingCommentRanges(text, source.endOfFileToken.getFullStart()) ?? [])
    comments.set(range.pos, range);
  segments.push(
    ...commentSegments(
      [...comments.values()].sort((a, b) => a.pos - b.pos),
      text,
    ),
  );
  return segments.sort((a, b) => a.lines[0].from - b.lines[0].from);
}

function proseRange(tree, text) {
  if (
    !ts.isStringLiteralLike(tree) &&
    !ts.isTemplateHead(tree) &&
    !ts.isTemplateMiddle(tree) &&
    !ts.isTemplateTail(tree)
  )
    return;
  const [from, to] = [tree.getStart() + 1, tree.getEnd() - 1];
  const words = text.slice(from, to).match(/[A-Za-z'’-]{2,}(?=[\s.,:;!?]|$)/g) ?? [];
  return words.length >= PROSE_WORDS && !/[{};]\s|\{\s*\w+:|=>|\n/.test(text.slice(from, to))
    ? { from, to }
    : undefined;
}

/** Line comments on consecutive lines are one segment; tags and blank lines of a block comment begin another. */
function commentSegments(ranges, text) {
  const segments = [];
  let lines = [];
  let end = -1;
  const close = () => {
    if (lines.length) segments.push({ lines });
    lines = [];
  };
  for (const { pos, end: to, kind } of ranges) {
    const line = kind === ts.SyntaxKind.SingleLineCommentTrivia;
    if (!line || text.slice(end, pos).trim() || (text.slice(end, pos).match(/\n/g) ?? []).length > 1) close();
    end = to;
    if (line) {
      const from = pos + text.slice(pos, to).match(/^\/\/\/?\s?/)[0].length;
      if (/^(biome-ignore|@ts-|eslint|region|endregion|prettier)/.test(text.slice(from, to))) close();
      else if (text.slice(from, to).trim()) lines.push({ from, to });
      else close();
      continue;
    }
    let at = pos;
    let code = false;
    for (const raw of text.slice(pos, to).split('\n')) {
      const lead = raw.match(/^\s*(\/\*\*?|\*(?!\/))?\s?/)[0].length;
      const body = raw.slice(lead).replace(/\s*\*\/$/, '');
      if (/^\s*```/.test(body)) {
        code = !code;
        close();
      } else if (!body.trim() || code) close();
      else {
        if (/^@/.test(body)) close();
        lines.push({ from: at + lead, to: at + lead + body.length });
      }
      at += raw.length + 1;
    }
    close();
  }
  close();
  return segments;
}
