import type { Timeable } from '../measure/interleave.js';

/** Returns what times a call that embeds images: its milliseconds, and the processor time of all of them. */
export function timeEmbed(embed: () => unknown): Timeable {
  return {
    async steps(count) {
      const before = process.cpuUsage();
      const milliseconds: number[] = [];
      for (let i = 0; i < count; i++) {
        const begin = performance.now();
        await embed();
        milliseconds.push(performance.now() - begin);
      }
      const { user, system } = process.cpuUsage(before);
      return { milliseconds, processor: (user + system) / 1000, loss: 0 };
    },
  };
}
