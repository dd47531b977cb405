// Times MPI_Allreduce as osu_allreduce of the OSU micro-benchmarks does. Built as a library that time-all-reduce.ts calls in turns
// with its own loop, in the same processes.
#include <mpi.h>

// Returns this rank's mean time of a call in microseconds.
double time_all_reduce(float *data, int count, int iterations) {
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  double total = 0;
  for (int i = -iterations / 5 - 1; i < iterations; i++) {
    MPI_Barrier(MPI_COMM_WORLD);
    double begun = MPI_Wtime();
    MPI_Allreduce(MPI_IN_PLACE, data, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    if (i >= 0) total += MPI_Wtime() - begun;
    for (int j = 0; j < count; j += 1024) data[j] = rank;
  }
  return 1e6 * total / iterations;
}
