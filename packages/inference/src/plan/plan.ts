import type { Network, Step } from '../network/step.js';
import type { Call } from '../threads/run-parts.js';
import { type Arena, planArena } from './arena.js';
import { placeConstants } from './constants.js';
import { divideBatch, type ImageRange } from './divide-batch.js';
import type { Engine } from './engine.js';
import { lower, scratchBytes } from './lower.js';
import { createProgram, type Program } from './program.js';

const PAGE = 1 << 16;
const LINE = 64;
const roundUp = (bytes: number, to: number) => Math.ceil(bytes / to) * to;

/** Addresses of a range of images. */
interface Places {
  arena: Arena;
  /** Address of the arena, of the kernels' scratch memory, and of the first image's pixels and output. */
  start: number;
  scratch: number;
  pixels: number;
  output: number;
  imageBytes: number;
}

/** A network for one batch size. */
interface BatchPlan {
  program: Program;
  /** Address of the bytes of pixels, of the output, and of the program. */
  pixels: number;
  output: number;
  words: number;
}

/**
 * A network on a memory of its own: constants, scratch memory of kernels for each thread, then the values of the images that pass
 * the network together, once for each thread, and the pixels and outputs of a batch. Batches of other sizes use the same place, one
 * after another.
 */
export class Plan {
  readonly #network: Network;
  readonly #engine: Engine;
  readonly #places: Map<Step, Record<string, number>>;
  readonly #constants: number;
  readonly #tables: number;
  readonly #scratch: number;
  /** Bytes of the scratch memory of a thread. */
  readonly #scratchBytes: number;
  readonly #arena: number;
  readonly #plans = new Map<number, BatchPlan>();
  #loaded: BatchPlan | undefined;

  /** @param tables The float of each byte of a pixel, channel by channel: [3, 256]. */
  constructor(network: Network, tables: Float32Array, engine: Engine) {
    this.#engine = engine;
    const { kernels, native } = engine.kernels;
    const placed = placeConstants(network, kernels);
    const { places, constants, size } = placed;
    this.#network = placed.network;
    this.#places = places;
    // Address 0 stands for an absent operand.
    this.#tables = LINE;
    this.#constants = this.#tables + 4 * tables.length;
    this.#scratch = this.#constants + 4 * size;
    const scratch = native ? 0 : Math.max(...network.steps.map((step) => scratchBytes(step, kernels)));
    this.#scratchBytes = roundUp(scratch, LINE);
    this.#arena = roundUp(this.#scratch + engine.threads * this.#scratchBytes + LINE, LINE);
    this.#reserve(this.#arena);
    this.#floats(this.#tables, tables.length).set(tables);
    for (const { offset, values, transform } of constants) {
      const to = this.#constants + 4 * offset;
      if (!transform) {
        this.#floats(to, values.length).set(values);
        continue;
      }
      // The arena holds the values of no image yet.
      this.#reserve(this.#arena + 4 * values.length);
      this.#floats(this.#arena, values.length).set(values);
      transform.run(this.#arena, to);
    }
  }

  /** Bytes of memory, of constants and of the largest batch so far. */
  get bytes(): number {
    return this.#engine.memory.buffer.byteLength;
  }

  /**
   * Runs the network on pixels.
   * @param pixels RGB bytes of all images.
   * @returns The output of all images, row-major: a view that is valid until the next run.
   */
  run(pixels: Uint8Array, batch: number): Float32Array {
    const plan = this.#plans.get(batch) ?? this.#create(batch, pixels.length);
    if (plan !== this.#loaded) {
      plan.program.load(this.#engine.memory, plan.words);
      this.#loaded = plan;
    }
    new Uint8Array(this.#engine.memory.buffer, plan.pixels, pixels.length).set(pixels);
    plan.program.run();
    return this.#floats(plan.output, this.#network.output.size * batch);
  }

  #create(batch: number, bytes: number): BatchPlan {
    const network = this.#network;
    const { kernels, threads, wasmThreads } = this.#engine;
    const ranges = divideBatch(batch, threads, 4 * planArena(network, 1).size);
    const arena = planArena(network, Math.max(...ranges.map(({ count }) => count)));
    const arenaBytes = roundUp(4 * arena.size, LINE);
    const copies = Math.min(threads, ranges.length);
    const pixels = this.#arena + copies * arenaBytes;
    const output = roundUp(pixels + bytes, LINE);
    const words = roundUp(output + 4 * network.output.size * batch, LINE);
    const places = { pixels, output, imageBytes: bytes / batch };
    const calls = (range: ImageRange, thread: number, copy: number) =>
      this.#calls(range, {
        ...places,
        arena,
        start: this.#arena + copy * arenaBytes,
        scratch: this.#scratch + thread * this.#scratchBytes,
      });
    const program = createProgram(ranges, calls, { kernels, threads, wasmThreads });
    this.#reserve(words + program.bytes);
    const plan = { program, pixels, output, words };
    this.#plans.set(batch, plan);
    return plan;
  }

  #calls(
    { first, count }: ImageRange,
    { arena, start, scratch, pixels, output, imageBytes }: Places,
  ): Call[] {
    const network = this.#network;
    const addresses = {
      of: (value: Network['input']) =>
        value === network.output
          ? output + 4 * first * value.size
          : start + 4 * (arena.offsets.get(value) ?? 0),
      constant: (step: Step, name: string) => {
        const place = this.#places.get(step)?.[name];
        return place === undefined ? 0 : this.#constants + 4 * place;
      },
      scratch,
    };
    const read: Call = [
      'lookUpPixels',
      pixels + first * imageBytes,
      (count * imageBytes) / 3,
      this.#tables,
      addresses.of(network.input),
    ];
    return [read, ...network.steps.flatMap((step) => lower(step, count, addresses))];
  }

  /** Grows the memory to at least this many bytes. */
  #reserve(bytes: number): void {
    const missing = bytes - this.#engine.memory.buffer.byteLength;
    if (missing > 0) this.#engine.memory.grow(Math.ceil(missing / PAGE));
  }

  #floats(address: number, count: number): Float32Array {
    return new Float32Array(this.#engine.memory.buffer, address, count);
  }
}
