import { Value } from '../state/value.js';
import type { CopyGroup, FromInspection, ToInspection } from './messages.js';
import type { Picture, PictureSet } from './picture-set.js';

/** Inspects the pictures of a set in a worker, as they are added, and finds copies among them. */
export class Inspector {
  /** Copies among the pictures, once all are inspected. */
  readonly copies = new Value<readonly CopyGroup[]>([]);
  readonly #set: PictureSet;
  #worker: Worker | undefined;
  #request = 0;
  #searched = -1;
  /** Ids of the pictures that the worker has seen. */
  readonly #seen = new Set<string>();

  constructor(set: PictureSet) {
    this.#set = set;
    set.onChange(() => this.#findCopies());
  }

  inspect(pictures: readonly Picture[]): void {
    for (const { id, image } of pictures) {
      this.#seen.add(id);
      this.#send({ type: 'inspect', id, image });
    }
  }

  /** Takes over the copies of an earlier visit; inspects the pictures that it has not finished. */
  restore(copies: readonly CopyGroup[]): void {
    const { pictures, isInspected, revision } = this.#set;
    if (isInspected) this.#searched = revision;
    this.copies.set(copies);
    this.inspect(pictures.filter(({ inspected }) => !inspected));
  }

  /** Searches once the set is complete, and again after each change. */
  #findCopies(): void {
    const { pictures, isInspected, revision } = this.#set;
    if (pictures.length === 0) this.copies.set([]);
    if (pictures.length === 0 || !isInspected || revision === this.#searched) return;
    this.#searched = revision;
    // Pictures of an earlier visit are compared when something has changed.
    this.inspect(pictures.filter(({ id }) => !this.#seen.has(id)));
    const identities = this.#set
      .identities()
      .map(({ name, pictures }) => ({ name, ids: pictures.map(({ id }) => id) }));
    this.#send({ type: 'find-copies', request: ++this.#request, identities });
  }

  #send(message: ToInspection): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const worker = new Worker(new URL('./inspection-worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<FromInspection>) => {
      if (data.type === 'inspected') this.#set.settle(data.id, data.picture);
      else if (data.type === 'unreadable') this.#set.settle(data.id, { unreadable: data.reason });
      else if (data.request === this.#request) this.copies.set(data.groups);
    };
    return worker;
  }
}
