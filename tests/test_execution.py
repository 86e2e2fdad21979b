"""The plan of what computes what: a table of settings and machines."""

from __future__ import annotations

from typing import Any

import pytest

from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.execution import Execution, Machine, form_of, plan_execution

NATIVE, BARE, ASCEND = Machine(), Machine(why_not_native="no compiler"), Machine(True, "the networks run on Ascend")
ROUNDING = Machine(multiplies_bfloat16=True)


def planned(machine: Machine, **settings: Any) -> Execution:
    return plan_execution(EngineSettings(**settings), machine)


@pytest.mark.parametrize(
    ("machine", "settings", "forms"),
    [
        (NATIVE, {}, "native host native native"),
        (BARE, {}, "graph host graph graph"),
        (ASCEND, {}, "graph graph graph graph"),
        (NATIVE, {"decode_backend": "native"}, "native host native native"),
        (NATIVE, {"decode_backend": "jit"}, "graph graph native graph"),
        (NATIVE, {"vocoder_backend": "jit"}, "native host graph native"),
        (NATIVE, {"decode_backend": "jit", "vocoder_backend": "jit"}, "graph graph graph graph"),
        (BARE, {"decode_backend": "native", "vocoder_backend": "native"}, "graph host graph graph"),
    ],
)
def test_each_network_gets_its_form(machine: Machine, settings: dict[str, Any], forms: str) -> None:
    plan = planned(machine, **settings)
    assert f"{plan.decoder} {plan.encoders} {plan.vocoder} {plan.features}" == forms
    assert plan.loads_graphs is ("graph" in forms)
    assert bool(plan.why_graph) is (plan.decoder == "graph")


def test_what_was_asked_for_by_name_is_remembered() -> None:
    plan = planned(NATIVE, decode_backend="native", vocoder_backend="native")
    assert plan.insists_on_decoder and plan.insists_on_vocoder
    assert plan.vocoder_choice == "native", "no fall-back"
    assert planned(NATIVE).vocoder_choice == "auto", "a graph where native code fails"
    assert planned(NATIVE, vocoder_backend="jit").vocoder_choice == "graph"


@pytest.mark.parametrize(
    ("precision", "held"),
    [
        ("float32", "fp32 fp32 fp32 fp32 fp32"),
        ("float16", "fp16 fp16 fp16 fp16 fp16"),
        ("int8", "int8 fp16 fp16 fp16 int8"),
    ],
)
def test_precision_says_how_weights_are_held(precision: str, held: str) -> None:
    plan = planned(NATIVE, precision=precision)
    found = (
        plan.decoder_precision, plan.encoders_holding, plan.sampler_holding, plan.hubert_precision,
        plan.roberta_precision,
    )  # fmt: skip
    assert " ".join(found) == held


@pytest.mark.parametrize(
    ("machine", "precision", "asked", "holding"),
    [
        (ROUNDING, "float16", "auto", "bf16"),
        (ROUNDING, "int8", "auto", "bf16"),
        (ROUNDING, "float32", "auto", "fp32"),
        (ROUNDING, "float32", "bfloat16", "bf16"),
        (ROUNDING, "float16", "float32", "fp16"),
        (NATIVE, "float16", "auto", "fp16"),
        (BARE, "float16", "auto", "fp16"),
    ],
)
def test_the_sampler_rounds_where_that_is_fast_and_nobody_wants_float32(
    machine: Machine, precision: str, asked: str, holding: str
) -> None:
    plan = planned(machine, precision=precision, cfm_products=asked)
    assert (plan.sampler_holding, plan.why_not_bfloat16) == (holding, "")
    assert (plan.decoder_precision, plan.encoders_holding) == (
        planned(machine, precision=precision, cfm_products="float32").decoder_precision,
        "fp32" if precision == "float32" else "fp16",
    ), "all else keeps its precision"
    assert ("bfloat16" in plan.sampler_description) is (holding == "bf16")


@pytest.mark.parametrize(
    ("machine", "settings", "reason"),
    [
        (NATIVE, {}, "no such instructions"),
        (BARE, {}, "no compiler"),
        (ASCEND, {}, "Ascend"),
        (ROUNDING, {"decode_backend": "jit"}, "graphs"),
    ],
)
def test_a_sampler_that_cannot_round_says_why(machine: Machine, settings: dict[str, Any], reason: str) -> None:
    plan = planned(machine, cfm_products="bfloat16", **settings)
    assert plan.sampler_holding != "bf16" and reason in plan.why_not_bfloat16


def test_products_and_precisions_that_do_not_exist_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"cfm_products is 'float16', .*none of auto, float32, bfloat16"):
        planned(NATIVE, cfm_products="float16")
    with pytest.raises(ValueError, match=r"precision is 'FLOAT32', .*none of float32, float16, int8"):
        EngineSettings(precision="FLOAT32")


def test_a_failed_check_makes_later_loads_expect_graphs_and_changes_no_form() -> None:
    plan = planned(NATIVE)
    after = plan.after_failure()
    assert not plan.loads_graphs and after.loads_graphs
    assert (after.decoder, after.vocoder) == (plan.decoder, plan.vocoder), "the next weights are tried again"


def test_settings_name_forms_in_their_own_words() -> None:
    assert [form_of(word) for word in ("auto", "native", "jit", "host", "graph")] == [
        None, "native", "graph", "host", "graph",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="none of auto"):
        form_of("fast")
