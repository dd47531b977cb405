// Times MpiCommunicator.allReduce with the loop of all-reduce.c, on the same arguments and with the same output.
import { connectMpi } from '@unitsphere/mpi';

const communicator = await connectMpi();
const { rank, size } = communicator;
const settings = process.argv.slice(2).map(Number);
for (let at = 0; at + 1 < settings.length; at += 2) {
  const [bytes, iterations] = settings.slice(at) as [number, number];
  // Trainings reduce arrays outside the WebAssembly heap and on it; both are plain memory for MPI.
  const data = new Float32Array(bytes / 4).map((_, i) => rank + (i % 7));
  let total = 0;
  for (let i = -Math.floor(iterations / 5) - 1; i < iterations; i++) {
    communicator.barrier();
    const begun = performance.now();
    communicator.allReduce(data);
    if (i >= 0) total += performance.now() - begun;
    for (let j = 0; j < data.length; j += 1024) data[j] = rank;
  }
  const mean = Float64Array.of((1000 * total) / iterations);
  communicator.allReduce(mean, 'sum');
  if (rank === 0) console.log(`${bytes} ${mean[0] / size}`);
}
communicator.close();
