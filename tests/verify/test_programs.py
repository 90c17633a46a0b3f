"""Programs on every kind of target: what they compute, what they keep, what they measure and how they fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgegen.errors import ToolchainFailed, UsageError
from edgegen.ir.dtypes import F32
from edgegen.ir.evaluate import evaluate
from edgegen.ops.binary import Binary
from edgegen.targets import host_target
from edgegen.verify import Build, Call, HostProgram, build_program
from tests.build_graph import Builder
from tests.harness import compile_for_test
from tests.verify.altered import X, altered, counted, counting_model, dense_model, in_run

EVERY = [
    pytest.param("generic"),
    pytest.param("arm-neon", marks=pytest.mark.cross),
    pytest.param("cortex-m4", marks=pytest.mark.cross),
]
EMULATED = [pytest.param("arm-neon", marks=pytest.mark.cross), pytest.param("cortex-m4", marks=pytest.mark.cross)]


@pytest.mark.parametrize("target", EVERY)
def test_state_is_kept_between_calls_and_between_starts(target: str) -> None:
    program = build_program([counting_model(target)])
    first = program.execute([Call([X]), Call([X])])
    second = program.execute([Call([X])])
    got = [o.outputs[0] for o in (*first, *second)]
    for runs, y in enumerate(got, 1):
        np.testing.assert_array_equal(y, counted(runs))


@pytest.mark.parametrize("target", EVERY)
def test_a_restarted_or_reset_model_starts_afresh(target: str) -> None:
    program = build_program([counting_model(target)])
    restarted = program.execute([Call([X]), Call([X], restart=True)])[1]
    np.testing.assert_array_equal(restarted.outputs[0], counted(1))
    program.reset()
    np.testing.assert_array_equal(program.execute([Call([X])])[0].outputs[0], counted(1))


@pytest.mark.parametrize("target", EVERY)
def test_several_models_share_a_program_and_not_their_state(target: str) -> None:
    program = build_program([counting_model(target, "one"), counting_model(target, "two"), dense_model(target)])
    outcomes = program.execute([Call([X], 0), Call([X], 0), Call([X], 1), Call([X], 2)])
    for outcome, runs in zip(outcomes, (1, 2, 1), strict=False):
        np.testing.assert_array_equal(outcome.outputs[0], counted(runs))
    (want,) = evaluate(dense_model(target).source, [X])
    np.testing.assert_array_equal(outcomes[3].outputs[0], want)
    np.testing.assert_array_equal(program.execute([Call([X], 0)])[0].outputs[0], counted(3))


@pytest.mark.parametrize("target", EVERY)
def test_sizes_are_those_of_the_model_alone(target: str) -> None:
    one = build_program([counting_model(target)])
    both = build_program([counting_model(target), dense_model(target, layers=3)])
    assert one.sizes()[0] == both.sizes()[0]
    assert 64 < one.sizes()[0].rodata < 600  # the weights alone are 64
    assert one.sizes()[0].text > 0
    assert one.sizes()[0].writable == 0
    plan = one.models[0].graph.plan
    assert plan is not None
    size = plan.arena_bytes + 4
    assert one.instance_bytes[0] == -(-size // 16) * 16 or one.instance_bytes[0] == -(-size // 8) * 8


@pytest.mark.parametrize("target", EVERY)
def test_a_status_other_than_ok_is_reported(target: str) -> None:
    model = altered(dense_model(target), {"return MODEL_OK;": "return MODEL_BAD_ARGUMENT;"}, within="model_run(model_t")
    with pytest.raises(ToolchainFailed, match="status 1"):
        build_program([model]).execute([Call([X])])


@pytest.mark.parametrize("target", EVERY)
def test_what_does_not_compile_is_reported_with_the_compilers_words(target: str) -> None:
    model = altered(dense_model(target), {"return MODEL_OK;": "return MODEL_UNHEARD_OF;"})
    with pytest.raises(ToolchainFailed, match=f"compiling model.c for {target}") as caught:
        build_program([model])
    details = dict(caught.value.details)
    assert "MODEL_UNHEARD_OF" in details["says"]
    assert "-Werror" in details["command"]


@pytest.mark.parametrize("target", EVERY)
def test_a_warning_is_an_error_only_where_it_is_asked_for(target: str) -> None:
    model = altered(dense_model(target), {"if (m == NULL) {": "int unused_one;\n    if (m == NULL) {"})
    with pytest.raises(ToolchainFailed) as caught:
        build_program([model])
    assert "unused_one" in dict(caught.value.details)["says"]
    build_program([model], Build(strict=False))


def test_inputs_must_fit() -> None:
    program = build_program([dense_model("generic")])
    for bad, reason in (
        ([], "has 1 inputs, was given 0"),
        ([X, X], "was given 2"),
        ([X.astype(np.int16)], r'"in0" is s8\[1, 8\], was given int16\[1,8\]'),
        ([X.reshape(8)], r"was given int8\[8\]"),
    ):
        with pytest.raises(UsageError, match=reason):
            program.execute([Call(bad)])


def test_inputs_that_do_not_lie_in_order_are_copied() -> None:
    program = build_program([dense_model("generic")])
    spread = np.repeat(X, 2, axis=1)[:, ::2]
    assert not spread.flags.c_contiguous
    straight, strided = program.execute([Call([X]), Call([spread])])
    np.testing.assert_array_equal(straight.outputs[0], strided.outputs[0])


def test_models_of_a_program_need_names_and_one_target() -> None:
    with pytest.raises(UsageError, match="different names"):
        build_program([dense_model("generic"), dense_model("generic")])
    with pytest.raises(UsageError, match="one target"):
        build_program([dense_model("generic"), dense_model("cortex-m4", "other")])


@pytest.mark.parametrize("target", EMULATED)
def test_an_emulated_run_takes_no_longer_than_allowed(target: str) -> None:
    endless = in_run(dense_model(target), "for (volatile int i = 0; i < 1;) { (void)i; }")
    with pytest.raises(ToolchainFailed, match="took more than 2 seconds"):
        build_program([endless], Build(timeout=2.0)).execute([Call([X])])


@pytest.mark.parametrize("target", EMULATED)
def test_instructions_are_counted(target: str) -> None:
    """A loop of known length costs what it says, over and above the model's own instructions."""
    loop = '__asm__ volatile("mov {0}, #{1}\\n0:\\tsubs {0}, {0}, #1\\n\\tbne 0b" ::: "{0}", "cc");'
    register = "r3" if target == "cortex-m4" else "x9"
    counts = []
    for length in (None, 1000, 51000):
        model = dense_model(target)
        if length is not None:
            model = in_run(model, loop.format(register, length))
        # GNU assembler in strict C99 is not what this test is about
        program = build_program([model], Build(strict=False))
        first, second = program.execute([Call([X]), Call([X])])
        assert first.instructions == second.instructions or target == "cortex-m4"
        counts.append(first.instructions)
    plain, short, long = counts
    assert plain is not None
    assert short is not None
    assert long is not None
    resolution = 40 if target == "cortex-m4" else 4
    assert abs(long - short - 2 * 50000) <= resolution
    assert abs(short - plain - 2 * 1000) <= resolution + 10
    assert 8 < plain < 8 * 8 * 2 * 40  # two layers of 64 multiplications


@pytest.mark.cross
def test_an_emulator_without_the_plugin_runs_the_program_and_counts_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = build_program([dense_model("arm-neon")])
    (want,) = evaluate(program.models[0].source, [X])
    for plugin in (tmp_path / "missing.so", None):
        monkeypatch.setattr("edgegen.verify.qemu_user.try_plugin", lambda _name, plugin=plugin: plugin)
        (outcome,) = program.execute([Call([X])])
        assert outcome.instructions is None
        np.testing.assert_array_equal(outcome.outputs[0], want)


@pytest.mark.parametrize("target", EMULATED)
def test_stack_is_measured(target: str) -> None:
    deep = "volatile uint8_t deep[3000];\n    for (int i = 0; i < 3000; i++) { deep[i] = (uint8_t)i; }"
    plain, fat = (
        build_program([model], Build(strict=False)).execute([Call([X])])[0].stack_bytes
        for model in (dense_model(target), in_run(dense_model(target), deep))
    )
    assert plain is not None
    assert fat is not None
    assert 0 < plain < 500
    assert 3000 <= fat <= 3000 + 500


@pytest.mark.cross
def test_faults_of_firmware_are_reported() -> None:
    wild = in_run(dense_model("cortex-m4"), "*(volatile uint32_t *)0xF0000000u = 1;")
    with pytest.raises(ToolchainFailed, match="status 100") as caught:
        build_program([wild]).execute([Call([X])])
    assert "fault: CFSR" in dict(caught.value.details)["says"]


@pytest.mark.cross
def test_a_stack_overflow_of_firmware_is_a_fault() -> None:
    big = "volatile uint8_t big[300000];\n    for (int i = 0; i < 300000; i++) { big[i] = 1; }"
    with pytest.raises(ToolchainFailed, match="status 100"):
        build_program([in_run(dense_model("cortex-m4"), big)], Build(strict=False)).execute([Call([X])])


@pytest.mark.parametrize("target", EVERY)
def test_the_arena_starts_out_dirty(target: str) -> None:
    """A model that relies on zeroed memory must not pass by luck."""
    model = in_run(dense_model(target, layers=1), "if (a[sizeof m->arena - 1] != 0xA5) { return MODEL_BAD_ARGUMENT; }")
    plan = model.graph.plan
    assert plan is not None
    model = altered(model, {f"_ARENA_BYTES {plan.arena_bytes}": f"_ARENA_BYTES {plan.arena_bytes + 16}"})
    assert build_program([model]).execute([Call([X])])


def test_time_is_measured_on_the_host_only() -> None:
    program = build_program([dense_model("generic")])
    assert isinstance(program, HostProgram)
    times = program.nanoseconds(Call([X]), 5)
    assert len(times) == 5
    assert all(0 < t < 1e9 for t in times)


def test_code_for_another_cpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgegen.verify.runner.host_target", lambda: dense_model("generic").target)
    if host_target().name == "generic":
        pytest.skip("this machine has no SIMD that could be taken away")
    with pytest.raises(Exception, match="this machine cannot run code for x86-avx2"):
        build_program([dense_model("x86-avx2")])


@pytest.mark.cross
def test_models_larger_than_the_boards_fast_memories_run_from_its_psram() -> None:
    """4.4 MB of weights and as much state; both regions that firmware normally uses have 4 MiB."""
    rng = np.random.default_rng(0)
    b = Builder()
    x = b.input((1, 1_100_000), F32)
    doubled = b.add(Binary("add"), x, b.constant(rng.standard_normal((1, 1_100_000)).astype(np.float32)))
    model = compile_for_test(b.graph(doubled), "cortex-m4", "large")
    values = rng.standard_normal((1, 1_100_000)).astype(np.float32)
    program = build_program([model])
    (want,) = evaluate(model.source, [values])
    np.testing.assert_array_equal(program.execute([Call([values])])[0].outputs[0], want)
    assert program.sizes()[0].rodata > 4 << 20
    assert program.instance_bytes[0] > 4 << 20
