// Times MPI_Allreduce as osu_allreduce of the OSU micro-benchmarks does: the mean time of a call over iterations and ranks.
// Prints a line for each size: BYTES MICROSECONDS.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  // Pairs of arguments: BYTES ITERATIONS.
  for (int at = 1; at + 1 < argc; at += 2) {
    long bytes = atol(argv[at]), iterations = atol(argv[at + 1]);
    int count = bytes / sizeof(float);
    float *data = malloc(bytes);
    for (int i = 0; i < count; i++) data[i] = rank + i % 7;
    double total = 0;
    for (long i = -iterations / 5 - 1; i < iterations; i++) {
      MPI_Barrier(MPI_COMM_WORLD);
      double begun = MPI_Wtime();
      MPI_Allreduce(MPI_IN_PLACE, data, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
      if (i >= 0) total += MPI_Wtime() - begun;
      for (int j = 0; j < count; j += 1024) data[j] = rank;
    }
    double mean = 1e6 * total / iterations, sum;
    MPI_Reduce(&mean, &sum, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) printf("%ld %f\n", bytes, sum / size);
    free(data);
  }
  MPI_Finalize();
  return 0;
}
