/* Start-up of a Cortex-M, files through semihosting, and time from a CMSDK timer of the MPS2 boards. No C start-up
 * files are linked; newlib supplies memcpy and the mathematical functions. */
#include "harness.h"

#include <string.h>

extern uint32_t firmware_stack_floor[], firmware_stack_top[];
extern uint32_t firmware_data_load[], firmware_data_start[], firmware_data_end[];
extern uint32_t firmware_bss_start[], firmware_bss_end[];

int main(void);
void firmware_reset(void);
void firmware_fault(void);

/* ---- Semihosting: the debugger's (here the emulator's) file system ---- */

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
enum { MODE_READ_BINARY = 1, MODE_WRITE_BINARY = 5 };

static int32_t semihost(int32_t operation, const void *argument)
{
    register int32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void leave(uint32_t status)
{
    const uint32_t argument[2] = {0x20026, status}; /* ADP_Stopped_ApplicationExit */
    for (;;) {
        (void)semihost(SYS_EXIT_EXTENDED, argument);
    }
}

static int32_t open_file(const char *name, uint32_t mode)
{
    const uint32_t argument[3] = {(uint32_t)name, mode, (uint32_t)strlen(name)};
    return semihost(SYS_OPEN, argument);
}

static int32_t input, output, trace;

int platform_open(void)
{
    input = open_file("in.bin", MODE_READ_BINARY);
    output = open_file("out.bin", MODE_WRITE_BINARY);
    trace = open_file("trace.bin", MODE_WRITE_BINARY);
    return input != -1 && output != -1 && trace != -1 ? 0 : 1;
}

/* SYS_READ and SYS_WRITE return the number of bytes that they did not transfer. */
int platform_read(void *to, size_t bytes)
{
    const uint32_t argument[3] = {(uint32_t)input, (uint32_t)to, bytes};
    return bytes == 0 || semihost(SYS_READ, argument) == 0 ? 0 : 1;
}

int platform_write(const void *from, size_t bytes)
{
    const uint32_t argument[3] = {(uint32_t)output, (uint32_t)from, bytes};
    return bytes == 0 || semihost(SYS_WRITE, argument) == 0 ? 0 : 1;
}

int platform_trace(const void *from, size_t bytes)
{
    const uint32_t argument[3] = {(uint32_t)trace, (uint32_t)from, bytes};
    return bytes == 0 || semihost(SYS_WRITE, argument) == 0 ? 0 : 1;
}

int platform_close(void)
{
    const uint32_t handles[3] = {(uint32_t)input, (uint32_t)output, (uint32_t)trace};
    int failed = 0;
    for (int i = 0; i < 3; i++) {
        failed |= semihost(SYS_CLOSE, &handles[i]) != 0;
    }
    return failed;
}

/* ---- Instructions: with -icount shift=0 an instruction takes 1 ns and a tick of the 25 MHz timer 40 of them ---- */

#define TIMER_CONTROL (*(volatile uint32_t *)0x40000000u)
#define TIMER_VALUE (*(volatile uint32_t *)0x40000004u)
#define TIMER_RELOAD (*(volatile uint32_t *)0x40000008u)
#define INSTRUCTIONS_PER_TICK 40u

static uint32_t started;

void platform_start_counting(void)
{
    TIMER_CONTROL = 0;
    TIMER_RELOAD = UINT32_MAX;
    TIMER_VALUE = UINT32_MAX;
    TIMER_CONTROL = 1;
    started = TIMER_VALUE;
}

uint64_t platform_instructions(void)
{
    return (uint64_t)(started - TIMER_VALUE) * INSTRUCTIONS_PER_TICK; /* it counts down */
}

uint32_t *platform_stack_floor(void)
{
    return firmware_stack_floor;
}

/* ---- Start-up ---- */

typedef void (*handler)(void);

__attribute__((section(".vectors"), used)) static const handler vectors[16] = {
    (handler)(uintptr_t)firmware_stack_top,
    firmware_reset,
    firmware_fault, /* NMI */
    firmware_fault, /* HardFault */
    firmware_fault, /* MemManage */
    firmware_fault, /* BusFault */
    firmware_fault, /* UsageFault */
    0, 0, 0, 0,
    firmware_fault, /* SVCall */
    firmware_fault, /* DebugMonitor */
    0,
    firmware_fault, /* PendSV */
    firmware_fault, /* SysTick */
};

#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define CFSR (*(volatile uint32_t *)0xE000ED28u)

void firmware_reset(void)
{
    CPACR |= 0xFu << 20; /* full access to the FPU, before any function may save its registers */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    for (uint32_t *to = firmware_data_start, *from = firmware_data_load; to < firmware_data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = firmware_bss_start; to < firmware_bss_end;) {
        *to++ = 0;
    }
    leave((uint32_t)main());
}

/* Says what happened in hexadecimal on the console and ends with status 100. The fault may have come from a full
 * stack, so the handler starts over at its top. */
static void report_fault(void)
{
    static char text[] = "fault: CFSR 00000000\n";
    const uint32_t cause = CFSR;
    for (int i = 0; i < 8; i++) {
        text[12 + i] = "0123456789abcdef"[(cause >> (28 - 4 * i)) & 15u];
    }
    (void)semihost(SYS_WRITE0, text);
    leave(100);
}

__attribute__((naked)) void firmware_fault(void)
{
    __asm__ volatile("ldr r0, =firmware_stack_top\n\tmov sp, r0\n\tb %c0" ::"i"(report_fault));
}
