/* A plugin for qemu-aarch64: writes the number of instructions that ran between each pair of `hint #100` and
 * `hint #101`, one line a pair, to the file named by its argument "out=". */
#include "plugin.h"

#include <stdio.h>
#include <string.h>

#define START UINT32_C(0xD5032C9F) /* hint #100 */
#define STOP UINT32_C(0xD5032CBF)  /* hint #101 */

int qemu_plugin_version = 1;

static uint64_t executed, started;
static FILE *report;

static void start(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    started = executed;
}

/* The block of the stop marker, two instructions, was counted when it was entered. */
static void stop(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    fprintf(report, "%llu\n", (unsigned long long)(executed - started - 2));
    fflush(report);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    const size_t n = qemu_plugin_tb_n_insns(tb);
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD_U64, &executed, n);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint32_t code;
        memcpy(&code, qemu_plugin_insn_data(insn), sizeof code);
        if (code == START || code == STOP) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, code == START ? start : stop, NO_REGISTERS, NULL);
        }
    }
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) {
            report = fopen(argv[i] + 4, "w");
        }
    }
    if (report == NULL) {
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
