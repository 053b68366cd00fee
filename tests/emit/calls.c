/* Loads a shared library of kernels and calls them as a file asks.

   Arguments: the library, a file of calls, a file for the results. A call is a `request`, then the inputs; its result are
   the outputs that are wanted. */
#include "kernels.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64, GUARD = 64, FILL = 0xa5 };

typedef struct {
  char name[128];  /* of the kernel, and behind it zeros */
  int64_t n;
  int64_t shift;   /* bytes from a multiple of 64 to each array */
  uint64_t wanted; /* a bit for each output */
} request;

/* Room for an array, with bytes on both sides that nobody is to change. */
typedef struct {
  unsigned char *block;
  unsigned char *at;
  size_t all;
  size_t size;
} area;

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(int holds, const char *condition, int line) {
  if (holds) return;
  fprintf(stderr, "line %d: %s\n", line, condition);
  exit(1);
}

static area area_of(size_t size, int64_t shift) {
  area made;
  made.all = (size + (size_t)shift + 2 * GUARD + 63) / 64 * 64;
  made.block = (unsigned char *)aligned_alloc(64, made.all);
  CHECK(made.block != NULL);
  memset(made.block, FILL, made.all);
  made.at = made.block + GUARD + shift;
  made.size = size;
  return made;
}

static int is_guarded(const area *a) {
  for (unsigned char *p = a->block; p < a->block + a->all; p++)
    if ((p < a->at || p >= a->at + a->size) && *p != FILL) return 0;
  return 1;
}

static int is_untouched(const area *a) {
  for (size_t i = 0; i < a->size; i++)
    if (a->at[i] != FILL) return 0;
  return is_guarded(a);
}

static size_t bytes_of(const pdec_argument *a, int64_t n) {
  int64_t count = a->batched ? n : 1;
  for (int32_t axis = 0; axis < a->rank; axis++) count *= a->shape[axis];
  return (size_t)count * (a->scalar == PDEC_F32 ? 4 : 8);
}

static void call(const pdec_kernel *kernel, const request *r, FILE *from, FILE *to) {
  area in[MOST], out[MOST];
  unsigned char *given[MOST];
  const void *inputs[MOST];
  void *outputs[MOST];
  CHECK(kernel->input_count <= MOST && kernel->output_count <= MOST);
  for (int32_t i = 0; i < kernel->input_count; i++) {
    in[i] = area_of(bytes_of(&kernel->inputs[i], r->n), r->shift);
    given[i] = (unsigned char *)malloc(in[i].size + 1);
    CHECK(given[i] != NULL && fread(given[i], 1, in[i].size, from) == in[i].size);
    memcpy(in[i].at, given[i], in[i].size);
    inputs[i] = in[i].at;
  }
  for (int32_t i = 0; i < kernel->output_count; i++) {
    out[i] = area_of(bytes_of(&kernel->outputs[i], r->n), r->shift);
    outputs[i] = r->wanted >> i & 1 ? out[i].at : NULL;
  }
  /* What the workspace holds before must not matter, and it is aligned to numbers only. */
  area work = area_of((size_t)kernel->work_bytes, r->shift);
  memset(work.at, 0xff, work.size);
  for (int32_t i = 0; i < kernel->input_count; i++) {
    inputs[i] = NULL;
    CHECK(kernel->eval(r->n, inputs, outputs, work.at) == PDEC_MISSING_INPUT);
    inputs[i] = in[i].at;
  }
  for (int32_t i = 0; i < kernel->output_count; i++) CHECK(is_untouched(&out[i]));
  CHECK(kernel->eval(r->n, inputs, outputs, work.at) == PDEC_OK);
  CHECK(is_guarded(&work));
  free(work.block);
  for (int32_t i = 0; i < kernel->input_count; i++) {
    CHECK(is_guarded(&in[i]) && memcmp(in[i].at, given[i], in[i].size) == 0);
    free(in[i].block);
    free(given[i]);
  }
  for (int32_t i = 0; i < kernel->output_count; i++) {
    if (outputs[i] != NULL) {
      CHECK(is_guarded(&out[i]));
      CHECK(fwrite(out[i].at, 1, out[i].size, to) == out[i].size);
    } else {
      CHECK(is_untouched(&out[i]));
    }
    free(out[i].block);
  }
}

int main(int argc, char **argv) {
  CHECK(argc == 4);
  void *library = dlopen(argv[1], RTLD_NOW);
  FILE *from = fopen(argv[2], "rb"), *to = fopen(argv[3], "wb");
  CHECK(library != NULL && from != NULL && to != NULL);
  request r;
  while (fread(&r, sizeof r, 1, from) == 1) {
    char symbol[sizeof r.name + 8];
    snprintf(symbol, sizeof symbol, "%.127s_kernel", r.name);
    const pdec_kernel *kernel = (const pdec_kernel *)dlsym(library, symbol);
    CHECK(kernel != NULL && strcmp(kernel->name, r.name) == 0);
    call(kernel, &r, from, to);
  }
  return fclose(to);
}
