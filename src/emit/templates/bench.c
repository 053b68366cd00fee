/* Times the kernels of `@PROBLEM@`, made by pdec @VERSION@: do not edit.

   cc -O3 -march=native @PREFIX@_bench.c @PREFIX@.o -o @PREFIX@_bench && ./@PREFIX@_bench [name of a kernel]

   For each kernel and number of points: the best of several calls in nanoseconds a point, operations and traffic in
   10^9 a second, and how much that is of what this machine can do at best on one core (its roofline: as many operations
   as fast as it multiplies and adds, and as much traffic as fast as arrays of that size can be read and written, both
   measured first). A multiply-add counts two operations; math functions count none, so that kernels full of them show
   less. */
#define _POSIX_C_SOURCE 199309L
#include "@PREFIX@.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef @NUMBER@ number;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *array(size_t bytes) {
  void *found = malloc(bytes + 64);
  if (!found) {
    fprintf(stderr, "no memory for %zu bytes\n", bytes);
    exit(3);
  }
  memset(found, 0, bytes);
  return found;
}

/* The operations a second of independent multiply-adds. */
static double peak_flops(void) {
  enum { LANES = 128, TURNS = 200000 };
  static number a[LANES];
  double best = 0;
  for (int round = 0; round < 5; round++) {
    for (int i = 0; i < LANES; i++) a[i] = (number)1e-3 * (number)i;
    double start = now();
    for (int turn = 0; turn < TURNS; turn++)
      for (int i = 0; i < LANES; i++) a[i] = a[i] * (number)0.999 + (number)0.001;
    double flops = 2.0 * LANES * TURNS / (now() - start);
    volatile number sink = a[round];
    (void)sink;
    if (flops > best) best = flops;
  }
  return best;
}

/* The bytes a second of a sum of two arrays, by the size of all three together: caches are faster than memory. */
enum { SIZES = 8 };
static struct {
  double bytes, rate;
} traffic[SIZES];

static void measure_traffic(void) {
  for (int size = 0; size < SIZES; size++) {
    size_t count = ((size_t)1 << (13 + 2 * size)) / (3 * sizeof(number));
    number *a = array(count * sizeof(number)), *b = array(count * sizeof(number)), *c = array(count * sizeof(number));
    size_t turns = ((size_t)1 << 18) / count + 1;
    traffic[size].bytes = 3.0 * (double)(count * sizeof(number));
    for (int round = 0; round < 7; round++) {
      double start = now();
      for (size_t turn = 0; turn < turns; turn++) {
        for (size_t i = 0; i < count; i++) c[i] = a[i] + (number)round * b[i];
        volatile number sink = c[turn % count];
        (void)sink;
        a[turn % count] = (number)turn;
      }
      double rate = traffic[size].bytes * (double)turns / (now() - start);
      if (rate > traffic[size].rate) traffic[size].rate = rate;
    }
    free(a);
    free(b);
    free(c);
  }
}

/* The least seconds in which so many operations and so many bytes are possible. */
static double least(double flops, double bytes, double flops_peak) {
  int size = SIZES - 1;
  while (size > 0 && traffic[size].bytes > bytes) size--;
  double busy = flops / flops_peak, moving = bytes / traffic[size].rate;
  return busy > moving ? busy : moving;
}

static size_t numbers(const pdec_argument *a, int64_t n) {
  size_t count = a->batched ? (size_t)n : 1;
  for (int32_t i = 0; i < a->rank; i++) count *= (size_t)a->shape[i];
  return count;
}

/* Numbers between 0 and 1. */
static void fill(number *x, size_t count) {
  uint32_t state = 1;
  for (size_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    x[i] = (number)(state >> 8) / (number)(1 << 24);
  }
}

static void time_kernel(const pdec_kernel *k, int64_t n, double flops_peak) {
  number *in[64], *out[64];
  for (int32_t i = 0; i < k->input_count; i++) {
    size_t count = numbers(&k->inputs[i], n);
    in[i] = array(count * sizeof(number));
    fill(in[i], count);
  }
  for (int32_t i = 0; i < k->output_count; i++) out[i] = array(numbers(&k->outputs[i], n) * sizeof(number));
  char *memory = array((size_t)k->work_bytes + 64);
  void *work = memory + (64 - (uintptr_t)memory % 64) % 64;
  double best = 1e300, spent = 0;
  for (int call = 0; call < 5 || (spent < 0.1 && call < 100000); call++) {
    double start = now();
    if (k->eval(n, (const void *const *)in, (void *const *)out, work) != PDEC_OK) exit(1);
    double seconds = now() - start;
    spent += seconds;
    if (seconds < best) best = seconds;
  }
  double flops = (double)k->flops_per_point * (double)n;
  double bytes = (double)k->bytes_per_point * (double)n + (double)k->bytes_fixed;
  printf("%-40s %8lld %12.2f %10.2f %10.2f %8.0f%%\n", k->name, (long long)n, 1e9 * best / (double)n, 1e-9 * flops / best,
         1e-9 * bytes / best, 100 * least(flops, bytes, flops_peak) / best);
  for (int32_t i = 0; i < k->input_count; i++) free(in[i]);
  for (int32_t i = 0; i < k->output_count; i++) free(out[i]);
  free(memory);
}

int main(int argc, char **argv) {
  static const pdec_kernel *const kernels[] = {@KERNELS@};
  static const int64_t points[] = {1, 8, 64, 512, 4096, 32768};
  const int64_t most = (int64_t)1 << 28;
  double flops_peak = peak_flops();
  measure_traffic();
  printf("this machine: %.1f GFLOP/s, %.1f GB/s in the first cache, %.1f GB/s in memory\n", 1e-9 * flops_peak,
         1e-9 * traffic[0].rate, 1e-9 * traffic[SIZES - 1].rate);
  printf("%-40s %8s %12s %10s %10s %9s\n", "kernel", "points", "ns/point", "GFLOP/s", "GB/s", "of roof");
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
    if (argc > 1 && strcmp(argv[1], kernels[i]->name) != 0) continue;
    for (size_t j = 0; j < sizeof points / sizeof *points; j++)
      if (kernels[i]->bytes_per_point * points[j] <= most) time_kernel(kernels[i], points[j], flops_peak);
  }
  return 0;
}
