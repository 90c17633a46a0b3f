/* The harness as a Linux program, run natively or by qemu-aarch64. */
#include "harness.h"

#include <stdio.h>

#define STACK_PAINTED (256 * 1024)

static FILE *input, *output, *trace;

int platform_open(void)
{
    input = fopen("in.bin", "rb");
    output = fopen("out.bin", "wb");
    trace = fopen("trace.bin", "wb");
    return input != NULL && output != NULL && trace != NULL ? 0 : 1;
}

int platform_read(void *to, size_t bytes)
{
    return fread(to, 1, bytes, input) == bytes ? 0 : 1;
}

int platform_write(const void *from, size_t bytes)
{
    return fwrite(from, 1, bytes, output) == bytes ? 0 : 1;
}

int platform_trace(const void *from, size_t bytes)
{
    return fwrite(from, 1, bytes, trace) == bytes ? 0 : 1;
}

int platform_close(void)
{
    const int failed = fclose(input) | fclose(output) | fclose(trace);
    return failed != 0 ? 1 : 0;
}

#if defined(__aarch64__)

/* Hints that no core gives a meaning to; the emulator's plugin counts what runs between them (instructions.c). The
 * branch ends the translated block, so that nothing after it is counted. */
void platform_start_counting(void)
{
    __asm__ volatile("hint #100\n\tb 1f\n1:" ::: "memory");
}

uint64_t platform_instructions(void)
{
    __asm__ volatile("hint #101\n\tb 1f\n1:" ::: "memory");
    return PLATFORM_NOT_MEASURED; /* the plugin has the number */
}

uint32_t *platform_stack_floor(void)
{
    uintptr_t sp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    return (uint32_t *)(sp - STACK_PAINTED);
}

#else

void platform_start_counting(void)
{
}

uint64_t platform_instructions(void)
{
    return PLATFORM_NOT_MEASURED;
}

uint32_t *platform_stack_floor(void)
{
    return NULL;
}

#endif
