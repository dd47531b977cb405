import type { Preprocessing } from '@unitsphere/images';
import type { Attribute, Graph, Node, ValueType } from './graph/graph.js';

/** What resizing requires of a preprocessing. */
export type Resizing = Pick<Preprocessing, 'imageSize' | 'cropFraction' | 'cropMode' | 'interpolation'>;

const CUBIC = -0.5;
const FLOAT = 1;

/**
 * Puts resizing and cropping before a graph, so that its input takes normalized images of any size: [batch, channels, height,
 * width]. The result is that of Pillow and `resizeAndCrop`, without their rounding to 8 bits: for each axis, a matrix of
 * weights, computed from the image's size, multiplies the image. All runtimes compute these matrices alike, while their
 * own Resize operators and canvases do not filter alike.
 */
export function resizeInput(graph: Graph, resizing: Resizing): void {
  const [input] = graph.inputs;
  const { shape } = graph.typeOf(input);
  const [batch, channels] = shape;
  const images = `${input}_resized`;
  graph.redirect(input, images);
  const writer = new ScalarWriter(graph);
  const size = writer.emit('Shape', [input], { type: 'int64', shape: [4] });
  const height = writer.pick(size, 2);
  const width = writer.pick(size, 3);
  const [resizedHeight, resizedWidth] = addResizedSides(writer, height, width, resizing);
  const { imageSize, interpolation = 'bilinear' } = resizing;
  const rows = addWeights(writer, height, resizedHeight, imageSize, interpolation, 'height');
  const columns = addWeights(writer, width, resizedWidth, imageSize, interpolation, 'width');
  const tall = writer.emit('MatMul', [rows, input], {
    type: 'float32',
    shape: [batch, channels, imageSize, 'width'],
  });
  const transposed = writer.emit(
    'Transpose',
    [columns],
    { type: 'float32', shape: ['width', imageSize] },
    { perm: { ints: [1, 0] } },
  );
  graph.values.set(input, { type: 'float32', shape: [batch, channels, 'height', 'width'] });
  writer.emit('MatMul', [tall, transposed], { type: 'float32', shape }, {}, images);
  graph.nodes.unshift(...writer.nodes);
}

/** Adds the sides of the resized image before the crop, as float scalars. */
function addResizedSides(
  writer: ScalarWriter,
  height: string,
  width: string,
  { imageSize, cropFraction = 1, cropMode = 'center' }: Resizing,
): [height: string, width: string] {
  const side = Math.floor(imageSize / cropFraction);
  if (cropMode === 'squash') return [writer.float(side), writer.float(side)];
  if (cropMode === 'center') {
    const short = writer.integer('Min', [height, width]);
    // Division of integers, so that rounding is exact.
    const scale = (length: string) =>
      writer.toFloat(writer.integer('Div', [writer.integer('Mul', [length, writer.int(side)]), short]));
    return [scale(height), scale(width)];
  }
  const long = writer.toFloat(writer.integer('Max', [height, width]));
  const ratio = writer.scalar('Div', [long, writer.float(side)]);
  const scale = (length: string) => {
    const rounded = writer.scalar('Round', [writer.scalar('Div', [writer.toFloat(length), ratio])]);
    return writer.scalar('Max', [rounded, writer.float(1)]);
  };
  return [scale(height), scale(width)];
}

/**
 * Adds the weights [imageSize, length] of each source pixel in each output pixel along one axis.
 * @param length Side of the image, int64. @param resized Side of the resized image, float32.
 */
function addWeights(
  writer: ScalarWriter,
  length: string,
  resized: string,
  imageSize: number,
  interpolation: NonNullable<Resizing['interpolation']>,
  axis: string,
): string {
  const column = { type: 'float32', shape: [imageSize, 1] } as const;
  const matrix = { type: 'float32', shape: [imageSize, axis] } as const;
  const scale = writer.scalar('Div', [writer.toFloat(length), resized]);
  // The crop starts at the rounded half of the difference; a border, at the half rounded toward 0.
  const half = writer.scalar('Mul', [
    writer.scalar('Sub', [resized, writer.float(imageSize)]),
    writer.float(0.5),
  ]);
  const start = writer.scalar('Add', [
    writer.scalar('Max', [writer.scalar('Round', [half]), writer.float(0)]),
    writer.scalar('Min', [writer.scalar('Ceil', [half]), writer.float(0)]),
  ]);
  const steps = Float32Array.from({ length: imageSize }, (_, i) => i + 0.5);
  const indices = writer.graph.addConstant('output_pixels', { ...column, data: steps });
  const centers = writer.emit('Add', [indices, start], column);
  const positions = writer.emit('Mul', [centers, scale], column);
  const range = writer.emit('Range', [writer.int(0), length, writer.int(1)], {
    type: 'int64',
    shape: [axis],
  });
  const pixels = writer.emit('Cast', [range], { type: 'float32', shape: [axis] }, { to: { int: FLOAT } });
  const apply = (op: string, ...inputs: string[]) => writer.emit(op, inputs, matrix);
  let weights: string;
  if (interpolation === 'nearest') {
    const nearest = writer.emit('Floor', [positions], column);
    const distance = apply('Abs', apply('Sub', pixels, nearest));
    weights = apply('Relu', apply('Sub', writer.float(1), distance));
  } else {
    const middles = writer.emit('Add', [pixels, writer.float(0.5)], { type: 'float32', shape: [axis] });
    const stretch = writer.scalar('Max', [scale, writer.float(1)]);
    const distance = apply('Abs', apply('Div', apply('Sub', middles, positions), stretch));
    weights = (interpolation === 'bilinear' ? addTriangle : addCubic)(writer, distance, apply);
  }
  const sums = writer.emit('ReduceSum', [weights, writer.ints([1])], column, { keepdims: { int: 1 } });
  // Output pixels outside the resized image have no weights: the border is the mean, 0 after the normalization.
  const normalized = apply('Div', weights, writer.emit('Max', [sums, writer.float(1e-6)], column));
  const inside = writer.emit(
    'Mul',
    [
      addStep(writer, centers, column),
      addStep(writer, writer.emit('Sub', [resized, centers], column), column),
    ],
    column,
  );
  return apply('Mul', normalized, inside);
}

/** Adds 1 for values above 0 and 0 for values below; the values are multiples of a half. */
function addStep(writer: ScalarWriter, values: string, type: ValueType): string {
  return writer.emit(
    'Clip',
    [writer.emit('Mul', [values, writer.float(2)], type), writer.float(0), writer.float(1)],
    type,
  );
}

type Apply = (op: string, ...inputs: string[]) => string;

/** Adds max(0, 1 − d). */
function addTriangle(writer: ScalarWriter, distance: string, apply: Apply): string {
  return apply('Relu', apply('Sub', writer.float(1), distance));
}

/** Adds Keys' cubic: ((a + 2) d − (a + 3)) d² + 1 up to 1, and (((d − 5) d + 8) d − 4) a up to 2, with d clipped for each. */
function addCubic(writer: ScalarWriter, distance: string, apply: Apply): string {
  const number = (value: number) => writer.float(value);
  const near = apply('Min', distance, number(1));
  const slope = apply('Sub', apply('Mul', near, number(CUBIC + 2)), number(CUBIC + 3));
  const first = apply('Add', apply('Mul', apply('Mul', slope, near), near), number(1));
  const far = apply('Clip', distance, number(1), number(2));
  const inner = apply('Add', apply('Mul', apply('Sub', far, number(5)), far), number(8));
  const second = apply('Mul', apply('Sub', apply('Mul', inner, far), number(4)), number(CUBIC));
  // Each part is 0 at the ends of the other's interval.
  return apply('Add', first, second);
}

/** Adds nodes on scalars. */
class ScalarWriter {
  readonly nodes: Node[] = [];
  readonly graph: Graph;
  readonly #constants = new Map<string, string>();

  constructor(graph: Graph) {
    this.graph = graph;
  }

  emit(
    op: string,
    inputs: readonly string[],
    value: ValueType,
    attributes: Readonly<Record<string, Attribute>> = {},
    output?: string,
  ): string {
    const node = this.graph.makeNode(op, inputs, value, attributes, output);
    this.nodes.push(node);
    return node.outputs[0];
  }

  scalar(op: string, inputs: readonly string[]): string {
    return this.emit(op, inputs, { type: 'float32', shape: [] });
  }

  integer(op: string, inputs: readonly string[]): string {
    return this.emit(op, inputs, { type: 'int64', shape: [] });
  }

  toFloat(name: string): string {
    return this.emit('Cast', [name], { type: 'float32', shape: [] }, { to: { int: FLOAT } });
  }

  /** Returns one value of a list as a scalar. */
  pick(list: string, index: number): string {
    return this.emit('Gather', [list, this.int(index)], { type: 'int64', shape: [] }, { axis: { int: 0 } });
  }

  float(value: number): string {
    return this.#constant(`float ${value}`, 'float32', [], Float32Array.of(value));
  }

  int(value: number): string {
    return this.#constant(`int ${value}`, 'int64', [], BigInt64Array.of(BigInt(value)));
  }

  ints(values: readonly number[]): string {
    const data = BigInt64Array.from(values.map(BigInt));
    return this.#constant(`ints ${values}`, 'int64', [values.length], data);
  }

  #constant(
    key: string,
    type: 'float32' | 'int64',
    shape: readonly number[],
    data: Float32Array | BigInt64Array,
  ): string {
    const known = this.#constants.get(key);
    if (known) return known;
    const name = this.graph.addConstant(type === 'int64' ? 'integer' : 'scalar', { type, shape, data });
    this.#constants.set(key, name);
    return name;
  }
}
