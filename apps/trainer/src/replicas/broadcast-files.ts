import type { Communicator } from '@unitsphere/collectives';

/** Broadcasts rank 0's named files. Collective: all ranks call it, and only rank 0 passes files. */
export function broadcastFiles(
  communicator: Communicator,
  files?: Readonly<Record<string, Uint8Array>>,
): Record<string, Uint8Array> {
  const text = files && new TextEncoder().encode(JSON.stringify(Object.keys(files)));
  const names: string[] = JSON.parse(new TextDecoder().decode(broadcastBytes(communicator, text)));
  return Object.fromEntries(names.map((name) => [name, broadcastBytes(communicator, files?.[name])]));
}

/** Broadcasts rank 0's bytes. Collective; only rank 0 passes them. */
export function broadcastBytes(communicator: Communicator, bytes?: Uint8Array): Uint8Array {
  const length = Float64Array.of(bytes?.length ?? 0);
  communicator.broadcast(length);
  const data = bytes ?? new Uint8Array(length[0]);
  communicator.broadcast(data);
  return data;
}
