"""An ONNX file is read for what it asks for, without a library that could be harmed by it."""

import numpy as np
import onnx
import pytest

from tests.enhancement import toys
from viewer.core.errors import UnfitModel
from viewer.core.places import data_folder
from viewer.enhancement.onnx_file import onnx_facts, refuse_foreign


def operators(model: onnx.GraphProto) -> set[tuple[str, str]]:
    """The operators of a graph and of those inside it, as the library of the format reads them."""
    found = set()
    for node in model.node:
        found.add((node.domain, node.op_type))
        for one in node.attribute:
            if one.type == onnx.AttributeProto.GRAPH:
                found |= operators(one.g)
    return found


@pytest.mark.parametrize("content", [toys.honest(), toys.growing(), toys.giant()])
def test_operators_are_those_that_the_library_of_the_format_finds(content):
    found = onnx_facts(content)
    assert found.operators == operators(onnx.load_from_string(content).graph)
    assert not found.has_external_data
    assert found.foreign() == ()


def test_the_model_that_is_shipped_asks_for_nothing_unusual():
    for path in data_folder("models").glob("*/*.onnx"):
        content = path.read_bytes()
        refuse_foreign(content)
        assert onnx_facts(content).operators == operators(onnx.load_from_string(content).graph)


def test_operators_that_are_not_of_the_standard_are_named():
    with pytest.raises(UnfitModel, match=r"operators of its own: com\.example:Dream"):
        refuse_foreign(toys.foreign_operator())


def test_an_operator_hidden_in_a_loop_is_found():
    step = onnx.helper.make_node("Dream", ["state"], ["next"], domain="com.example")
    with pytest.raises(UnfitModel, match=r"com\.example:Dream"):
        refuse_foreign(toys._looped(step, [1]))


def test_functions_that_the_file_brings_along_are_looked_into():
    node = onnx.helper.make_node("Half", ["slices"], ["noise"], domain="mine")
    model = onnx.load_from_string(toys.graph_bytes([node], domains=["mine"]))
    opsets = [onnx.helper.make_opsetid("", 17)]
    inside = onnx.helper.make_node("Identity", ["x"], ["y"])
    model.functions.append(
        onnx.helper.make_function("mine", "Half", ["x"], ["y"], [inside], opsets)
    )
    refuse_foreign(model.SerializeToString())
    model.functions[0].node[0].domain = "theirs"
    with pytest.raises(UnfitModel, match="theirs:Identity"):
        refuse_foreign(model.SerializeToString())


def test_weights_in_another_file_are_refused():
    with pytest.raises(UnfitModel, match="files outside itself"):
        refuse_foreign(toys.external_data())


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04\x95", b"PK\x03\x04", b"\xff" * 40, b"GIF89a" * 9, b"\x3a\xff\x01"]
)
def test_what_is_no_onnx_file_is_said(content):
    with pytest.raises(UnfitModel, match="not an ONNX file"):
        onnx_facts(content)


def test_spoilt_files_are_read_or_refused_and_never_more():
    random = np.random.default_rng(3)
    whole = toys.growing()
    outcomes = set()
    for _ in range(300):
        spoilt = bytearray(whole)
        for place in random.integers(0, len(spoilt), 4):
            spoilt[place] = int(random.integers(0, 256))
        try:
            onnx_facts(bytes(spoilt))
            outcomes.add("read")
        except UnfitModel:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_a_function_of_a_domain_makes_no_other_operator_of_it_known():
    half = onnx.helper.make_node("Half", ["slices"], ["part"], domain="com.microsoft")
    other = onnx.helper.make_node("Attention", ["part"], ["noise"], domain="com.microsoft")
    model = onnx.load_from_string(toys.graph_bytes([half, other], domains=["com.microsoft"]))
    inside = onnx.helper.make_node("Identity", ["x"], ["y"])
    opsets = [onnx.helper.make_opsetid("", 17)]
    model.functions.append(
        onnx.helper.make_function("com.microsoft", "Half", ["x"], ["y"], [inside], opsets)
    )
    with pytest.raises(UnfitModel, match=r"its own: com\.microsoft:Attention"):
        refuse_foreign(model.SerializeToString())
