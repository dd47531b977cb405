import { ElementKind, NodeKind, Parser } from 'assemblyscript';

/** The TypeScript type of each AssemblyScript type that an exported function may take or return. */
const TYPESCRIPT = {
  usize: 'Pointer',
  i32: 'number',
  u32: 'number',
  f32: 'number',
  f64: 'number',
  bool: 'number',
  void: 'void',
};

/**
 * Returns the functions that an AssemblyScript file declares, by name, as read by the compiler's own parser. A function has
 * a doc comment ('' if there is none), parameters and a return type, in AssemblyScript.
 */
export function parseFunctions(text, path) {
  const { source, docOf } = parse(text, path);
  const declarations = source.statements.filter(({ kind }) => kind === NodeKind.FunctionDeclaration);
  return new Map(declarations.map((node) => [node.name.text, { doc: docOf(node), ...signatureOf(node) }]));
}

/**
 * Returns the TypeScript interface `Kernels` of a module's exports, with their doc comments and the names of their
 * parameters. A parameter of type `usize` must be an address and becomes a `Pointer`.
 * @param program The compiler's program.
 * @param entry Path of the entry file, relative to the compiler's base directory.
 * @throws Error if an export has a type without a counterpart in TypeScript.
 */
export function kernelInterface(program, entry) {
  const members = [...exportsOf(program.filesByName.get(entry.replace(/\.ts$/, '')))].map(
    ([name, element]) => {
      const { declaration } = element;
      const { text, normalizedPath } = declaration.range.source;
      const doc = parse(text, normalizedPath).docOf(declaration);
      const typescript = (type) => {
        if (type in TYPESCRIPT) return TYPESCRIPT[type];
        throw new Error(
          `${normalizedPath}: ${name} has the type ${type}; exports may have ${Object.keys(TYPESCRIPT)}.`,
        );
      };
      if (element.kind === ElementKind.Global) {
        return `${doc}readonly ${name}: { readonly value: ${typescript(declaration.type.range.toString())} };`;
      }
      const { parameters, returnType } = signatureOf(declaration);
      const list = parameters.map((parameter) => `${parameter.name}: ${typescript(parameter.type)}`);
      return `${doc}${name}(${list.join(', ')}): ${typescript(returnType)};`;
    },
  );
  const body = members.join('\n').replaceAll(/^/gm, '  ');
  return `/** The exports of ${entry}. */\nexport interface Kernels {\n${body}\n}\n`;
}

/** Yields what a file exports itself or by `export * from`. */
function* exportsOf(file) {
  yield* file.exports ?? [];
  for (const other of file.exportsStar ?? []) yield* exportsOf(other);
}

function parse(text, path) {
  const parser = new Parser();
  // By position of the end: the parser reports a comment again each time it looks ahead past it.
  const docs = new Map();
  parser.onComment = (_kind, comment, { end }) => {
    if (comment.startsWith('/**')) docs.set(end, `${comment}\n`);
  };
  parser.parseFile(text, path, true);
  const docOf = ({ range }) => docs.get(text.slice(0, range.start).trimEnd().length) ?? '';
  return { source: parser.sources[0], docOf };
}

function signatureOf({ signature }) {
  return {
    parameters: signature.parameters.map(({ name, type, initializer }) => ({
      name: name.text,
      type: type.range.toString(),
      isOptional: initializer !== null,
    })),
    returnType: signature.returnType.range.toString(),
  };
}
