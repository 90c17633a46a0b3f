/* A plugin for QEMU: checks every access to memory that a model makes, whatever instruction makes it.
 *
 * Argument "rules=" names a file of lines with hexadecimal numbers:
 *   code LOW HIGH                addresses of the models' machine code
 *   run ADDRESS MODEL            entry of a model's run function
 *   trace ADDRESS                entry of a trace function: a step has ended
 *   fetch ADDRESS                entry of a function that copies weights for a model
 *   stop ADDRESS                 entry of the function that the harness calls after a run
 *   struct MODEL LOW HIGH        arena and state of the model in one memory, and some bytes around them
 *   step MODEL STEP LOW HIGH W   bytes that a step may read and, if W is 1, write; steps in order
 *   arrays LOW HIGH              where constant arrays lie
 *   array LOW HIGH               one of them; in order of addresses
 * While a model runs, an access to its struct must lie within one of the step's regions and an access to constant
 * arrays within one array. Those that do not are written to the file named by "out=", one line each:
 *   MODEL STEP write? ADDRESS BYTES INSTRUCTION */
#include "plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODELS = 1024, REPORTED = 32 };

typedef struct {
    uint64_t low, high, step;
    int write;
} range;

typedef struct {
    range *items;
    size_t count, room;
} ranges;

int qemu_plugin_version = 1;

static ranges code, runs, traces, fetches, stops, arrays;
static ranges steps[MODELS], structs[MODELS];
static range all_arrays;
static FILE *report;
static int reported;

/* running: between a run function's entry and the stop; checking: not inside a function of the harness */
static int running, checking;
static size_t model, first, end; /* the current step's regions are steps[model].items[first..end) */

static void add(ranges *to, range item)
{
    if (to->count == to->room) {
        to->room = to->room ? 2 * to->room : 64;
        to->items = realloc(to->items, to->room * sizeof *to->items);
    }
    to->items[to->count++] = item;
}

static const range *within(const ranges *all, uint64_t address)
{
    for (size_t i = 0; i < all->count; i++) {
        if (address >= all->items[i].low && address < all->items[i].high) {
            return &all->items[i];
        }
    }
    return NULL;
}

/* Goes to the next step: the regions that follow and have one step number. */
static void next_step(void)
{
    const ranges *all = &steps[model];
    first = end;
    while (end < all->count && all->items[end].step == all->items[first].step) {
        end++;
    }
}

static void enter_run(unsigned int cpu, void *data)
{
    (void)cpu;
    model = (size_t)((const range *)data)->step;
    end = 0;
    next_step();
    running = checking = 1;
}

static void enter_code(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    checking = running;
}

static void enter_trace(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    if (running) {
        checking = 0;
        next_step();
    }
}

static void enter_fetch(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    checking = 0;
}

static void enter_stop(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    running = checking = 0;
}

static int in_struct(uint64_t low, uint64_t high)
{
    for (size_t i = 0; i < structs[model].count; i++) {
        if (high > structs[model].items[i].low && low < structs[model].items[i].high) {
            return 1;
        }
    }
    return 0;
}

static int allowed(uint64_t low, uint64_t high, int write)
{
    if (in_struct(low, high)) {
        for (size_t i = first; i < end; i++) {
            const range *r = &steps[model].items[i];
            if (low >= r->low && high <= r->high && (r->write || !write)) {
                return 1;
            }
        }
        return 0;
    }
    if (high > all_arrays.low && low < all_arrays.high) {
        size_t from = 0, to = arrays.count; /* the last array that starts at or before `low` */
        while (to - from > 1) {
            const size_t middle = from + (to - from) / 2;
            if (arrays.items[middle].low <= low) {
                from = middle;
            } else {
                to = middle;
            }
        }
        return arrays.count > 0 && low >= arrays.items[from].low && high <= arrays.items[from].high && !write;
    }
    return 1;
}

static void access_made(unsigned int cpu, plugin_access access, uint64_t address, void *data)
{
    (void)cpu;
    if (!checking || reported >= REPORTED) {
        return;
    }
    const uint64_t bytes = UINT64_C(1) << qemu_plugin_mem_size_shift(access);
    const int write = qemu_plugin_mem_is_store(access);
    if (!allowed(address, address + bytes, write)) {
        const uint64_t step = first < end ? steps[model].items[first].step : UINT64_MAX;
        reported++;
        fprintf(report, "%zx %" PRIx64 " %x %" PRIx64 " %" PRIx64 " %" PRIx64 "\n", model, step, (unsigned)write,
                address, bytes, (uint64_t)(uintptr_t)data);
        fflush(report);
    }
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    const uint64_t start = qemu_plugin_tb_vaddr(tb);
    const range *run = within(&runs, start);
    (void)id;
    if (run != NULL) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, enter_run, NO_REGISTERS, (void *)run);
    } else if (within(&code, start) != NULL) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, enter_code, NO_REGISTERS, NULL);
    } else if (within(&traces, start) != NULL) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, enter_trace, NO_REGISTERS, NULL);
    } else if (within(&fetches, start) != NULL) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, enter_fetch, NO_REGISTERS, NULL);
    } else if (within(&stops, start) != NULL) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, enter_stop, NO_REGISTERS, NULL);
    }
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        void *at = (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn);
        qemu_plugin_register_vcpu_mem_cb(insn, access_made, NO_REGISTERS, READS_AND_WRITES, at);
    }
}

static int read_rules(const char *name)
{
    FILE *file = fopen(name, "r");
    char line[256], kind[16];
    if (file == NULL) {
        return 0;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        uint64_t n[5] = {0};
        sscanf(line, "%15s %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, kind, &n[0], &n[1], &n[2], &n[3],
               &n[4]);
        if (strcmp(kind, "code") == 0) {
            add(&code, (range){n[0], n[1], 0, 0});
        } else if (strcmp(kind, "run") == 0) {
            add(&runs, (range){n[0], n[0] + 1, n[1], 0});
        } else if (strcmp(kind, "trace") == 0) {
            add(&traces, (range){n[0], n[0] + 1, 0, 0});
        } else if (strcmp(kind, "fetch") == 0) {
            add(&fetches, (range){n[0], n[0] + 1, 0, 0});
        } else if (strcmp(kind, "stop") == 0) {
            add(&stops, (range){n[0], n[0] + 1, 0, 0});
        } else if (strcmp(kind, "struct") == 0 && n[0] < MODELS) {
            add(&structs[n[0]], (range){n[1], n[2], 0, 0});
        } else if (strcmp(kind, "step") == 0 && n[0] < MODELS) {
            add(&steps[n[0]], (range){n[2], n[3], n[1], (int)n[4]});
        } else if (strcmp(kind, "arrays") == 0) {
            all_arrays = (range){n[0], n[1], 0, 0};
        } else if (strcmp(kind, "array") == 0) {
            add(&arrays, (range){n[0], n[1], 0, 0});
        } else {
            fclose(file);
            return 0;
        }
    }
    return fclose(file) == 0;
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
    const char *rules = NULL;
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "rules=", 6) == 0) {
            rules = argv[i] + 6;
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            report = fopen(argv[i] + 4, "w");
        }
    }
    if (report == NULL || rules == NULL || !read_rules(rules)) {
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
