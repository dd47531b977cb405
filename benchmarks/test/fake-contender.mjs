// A contender that does as its arguments say: its steps take `--ms` by its own account, whatever the clock says.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    ms: { type: 'string', default: '10' },
    loss: { type: 'string', default: '1' },
    absent: { type: 'string' },
    'die-after': { type: 'string', default: 'Infinity' },
  },
});
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

if (values.absent) {
  say({ absent: values.absent });
} else {
  say({ ready: { name: 'fake' }, footprint: 1000 });
  let made = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.do === 'exit') break;
    if (request.do === 'memory') say({ memory: { peakRss: 3000 + made, rss: 2000, tensors: 5 } });
    else {
      made += request.count;
      if (made > Number(values['die-after'])) {
        process.stderr.write('out of luck\n');
        process.exit(3);
      }
      // JSON has no NaN: it is null there, as it would be from a real contender.
      say({
        milliseconds: Array(request.count).fill(Number(values.ms)),
        processor: 1,
        loss: Number(values.loss),
      });
    }
  }
}
