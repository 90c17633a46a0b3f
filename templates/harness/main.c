/* Reads calls from in.bin, runs the models, writes results to out.bin. Numbers are 32 bits in the core's byte order.
 *
 * in.bin:  number of calls; then for each: model, flags, [instance image], the bytes of every input
 * out.bin: number of models, the bytes of all that each one writes; then for each call: status, instructions (2 words,
 *          low first), stack bytes, the bytes of every output, [instance image]; where the check of a model's memory found
 *          something, instead of the outputs: the node, the length of the tensor's name, the name */
#include "harness.h"

#include <string.h>

#if defined(HARNESS_POISON)
#include <sanitizer/asan_interface.h>
#endif

enum { FLAG_INIT = 1, FLAG_RESTORE = 2, FLAG_SAVE = 4 };
enum { FAILED_INPUT = 2, FAILED_OUTPUT = 3 };

#define PAINT UINT32_C(0x5AFEC0DE)
#define NO_STACK UINT32_MAX

#if defined(HARNESS_POISON)
/* Lets the coming step touch nothing in the model's struct but its own inputs, results and scratch. */
static void open_for(const harness_model *m, int step)
{
    for (uint32_t i = 0; i < m->part_count; i++) {
        __asan_poison_memory_region(m->parts[i].start, m->parts[i].planned_bytes);
    }
    for (uint32_t i = 0; i < m->region_count; i++) {
        const harness_region *r = &m->regions[i];
        if (r->step == step) {
            __asan_unpoison_memory_region(m->parts[r->part].start + r->offset, r->bytes);
        }
    }
}

/* Opens the struct for the first step after `step`, or all of it after the last one. */
static void open_next(const harness_model *m, int step)
{
    for (uint32_t i = 0; i < m->region_count; i++) {
        if (m->regions[i].step > step) {
            open_for(m, m->regions[i].step);
            return;
        }
    }
    for (uint32_t i = 0; i < m->part_count; i++) {
        __asan_unpoison_memory_region(m->parts[i].start, m->parts[i].planned_bytes);
    }
}
#endif

void harness_step(const harness_model *m, int step)
{
    for (uint32_t i = 0; i < m->region_count; i++) {
        const harness_region *r = &m->regions[i];
        if (r->step == step && r->is_result) {
            (void)platform_trace(m->parts[r->part].start + r->offset, r->bytes);
        }
    }
#if defined(HARNESS_POISON)
    open_next(m, step);
#endif
}

static uintptr_t stack_pointer(void)
{
    uintptr_t sp = 0;
#if defined(__arm__) || defined(__aarch64__)
    __asm__ volatile("mov %0, sp" : "=r"(sp));
#endif
    return sp;
}

/* The stack below this function is painted first; the deepest word that changed is the high-water mark. */
static __attribute__((noinline)) int run_measured(const harness_model *m, uint64_t *instructions, uint32_t *stack)
{
    volatile uint32_t *const floor = platform_stack_floor();
    const uintptr_t top = stack_pointer();
    *stack = NO_STACK;
    if (floor != NULL) {
        for (volatile uint32_t *p = floor; (uintptr_t)p < top; p++) {
            *p = PAINT;
        }
    }
#if defined(HARNESS_POISON)
    open_next(m, -1);
#endif
    platform_start_counting();
    const int status = m->run(m->instance);
    *instructions = platform_instructions();
    if (floor != NULL) {
        volatile uint32_t *p = floor;
        while ((uintptr_t)p < top && *p == PAINT) {
            p++;
        }
        *stack = (uint32_t)(top - (uintptr_t)p);
    }
    return status;
}

static int write_finding(const harness_model *m)
{
    int32_t node = 0;
    const char *const tensor = m->broken(m->instance, &node);
    const uint32_t found[2] = {(uint32_t)node, (uint32_t)strlen(tensor)};
    return platform_write(found, sizeof found) != 0 || platform_write(tensor, found[1]) != 0 ? FAILED_OUTPUT : 0;
}

static int answer_call(void)
{
    uint32_t call[2];
    if (platform_read(call, sizeof call) != 0 || call[0] >= harness_model_count) {
        return FAILED_INPUT;
    }
    const harness_model *const m = &harness_models[call[0]];
    int status = 0;
    if (call[1] & FLAG_INIT) {
        for (uint32_t i = 0; i < m->part_count; i++) {
            memset(m->parts[i].address, 0xA5, m->parts[i].bytes); /* a model must not depend on what was there before */
        }
        status = m->init(m->instance);
    }
    for (uint32_t i = 0; (call[1] & FLAG_RESTORE) && i < m->part_count; i++) {
        if (platform_read(m->parts[i].address, m->parts[i].bytes) != 0) {
            return FAILED_INPUT;
        }
    }
    for (uint32_t i = 0; i < m->inputs; i++) {
        if (platform_read(m->input(m->instance, i), m->input_bytes[i]) != 0) {
            return FAILED_INPUT;
        }
    }
    uint64_t instructions = PLATFORM_NOT_MEASURED;
    uint32_t stack = NO_STACK;
    if (status == 0) {
        status = run_measured(m, &instructions, &stack);
    }
    const uint32_t head[4] = {(uint32_t)status, (uint32_t)instructions, (uint32_t)(instructions >> 32), stack};
    if (platform_write(head, sizeof head) != 0) {
        return FAILED_OUTPUT;
    }
    if (status == HARNESS_CORRUPT && m->broken != NULL) {
        return write_finding(m);
    }
    for (uint32_t i = 0; i < m->outputs; i++) {
        if (platform_write(m->output(m->instance, i), m->output_bytes[i]) != 0) {
            return FAILED_OUTPUT;
        }
    }
    for (uint32_t i = 0; (call[1] & FLAG_SAVE) && i < m->part_count; i++) {
        if (platform_write(m->parts[i].address, m->parts[i].bytes) != 0) {
            return FAILED_OUTPUT;
        }
    }
    return 0;
}

int main(void)
{
    uint32_t calls = 0;
    if (platform_open() != 0 || platform_read(&calls, sizeof calls) != 0) {
        return FAILED_INPUT;
    }
    if (platform_write(&harness_model_count, sizeof harness_model_count) != 0) {
        return FAILED_OUTPUT;
    }
    for (uint32_t i = 0; i < harness_model_count; i++) {
        uint32_t bytes = 0;
        for (uint32_t k = 0; k < harness_models[i].part_count; k++) {
            bytes += harness_models[i].parts[k].bytes;
        }
        if (platform_write(&bytes, sizeof bytes) != 0) {
            return FAILED_OUTPUT;
        }
    }
    for (uint32_t i = 0; i < calls; i++) {
        const int failed = answer_call();
        if (failed) {
            return failed;
        }
    }
    return platform_close() != 0 ? FAILED_OUTPUT : 0;
}
