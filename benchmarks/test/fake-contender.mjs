// A contender that behaves as its arguments say. It reports `--ms` as the time of each step, regardless of the clock, and
// `--processor` as its processor time; without it, that of a turn is 1.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    ms: { type: 'string', default: '10' },
    processor: { type: 'string' },
    loss: { type: 'string', default: '1' },
    absent: { type: 'string' },
    'die-after': { type: 'string', default: 'Infinity' },
  },
});
const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

if (values.absent) {
  send({ absent: values.absent });
} else {
  send({ ready: { name: 'fake' }, footprint: 1000 });
  let made = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.do === 'exit') break;
    if (request.do === 'memory') send({ memory: { peakRss: 3000 + made, rss: 2000, tensors: 5 } });
    else {
      made += request.count;
      if (made > Number(values['die-after'])) {
        process.stderr.write('out of luck\n');
        process.exit(3);
      }
      // JSON turns NaN into null, as it would for a real contender.
      send({
        milliseconds: Array(request.count).fill(Number(values.ms)),
        processor: values.processor ? request.count * Number(values.processor) : 1,
        loss: Number(values.loss),
      });
    }
  }
}
