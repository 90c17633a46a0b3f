/* Runs compiled models on data from outside: what the table of models, the main loop and the platforms share. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stddef.h>
#include <stdint.h>

/* A struct that the model writes: all of an instance or, where several memories hold it, what one of them does. */
typedef struct {
    uint8_t *address, *start; /* of the struct; where offsets count from */
    uint32_t bytes, planned_bytes; /* sizeof; what the plan uses of it, from `start` */
} harness_part;

/* Bytes of a part that one step reads or writes; the results among them are recorded when layers are verified. */
typedef struct {
    int32_t step;
    uint32_t part, offset, bytes;
    int32_t is_result;
} harness_region;

typedef struct {
    void *instance;
    const harness_part *parts;
    uint32_t part_count;
    int (*init)(void *instance);
    int (*run)(void *instance);
    const char *(*broken)(const void *instance, int32_t *node); /* what a checked run found; NULL without checks */
    void *(*input)(void *instance, uint32_t index);
    const void *(*output)(const void *instance, uint32_t index);
    uint32_t inputs, outputs;
    const uint32_t *input_bytes, *output_bytes;
    const harness_region *regions; /* in order of steps */
    uint32_t region_count;
} harness_model;

/* What NAME_run returns if the check of its memory finds something. */
#define HARNESS_CORRUPT 2

extern const harness_model harness_models[];
extern const uint32_t harness_model_count;

/* Called by the generated NAME_trace after each step of a model that was compiled with tracing. */
void harness_step(const harness_model *m, int step);

/* The platform: files in.bin, out.bin and trace.bin of the working directory, and what it can measure. */
#define PLATFORM_NOT_MEASURED UINT64_MAX
int platform_open(void);                             /* 0 on success */
int platform_read(void *to, size_t bytes);           /* 0 on success */
int platform_write(const void *from, size_t bytes);  /* 0 on success */
int platform_trace(const void *from, size_t bytes);  /* 0 on success */
int platform_close(void);                            /* 0 on success */
void platform_start_counting(void);
uint64_t platform_instructions(void);                /* since platform_start_counting */
uint32_t *platform_stack_floor(void);                /* lowest word that may be painted; NULL: do not measure */

#endif
