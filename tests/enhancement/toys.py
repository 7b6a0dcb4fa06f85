"""Toy models as a user may bring them: an honest one, and some that lie, hang, grow or break."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CARD = """
id = "{id}"
version = "1"
name = "{name}"
kind = "cnn"
operation = "denoise"
status = "{status}"
limits = "a toy: it was trained on nothing"
cautions = ["a toy"]
{more}
[input]
modality = "{modality}"
unit = "{unit}"
noise_sd = [4.0, 70.0]

[weights]
onnx = "weights.onnx"
onnx_sha256 = "{sha256}"
"""
INPUTS = {"slices": 5, "noise_sd": 1, "frequency": 1}


def tensor(name, channels=1, sizes=("batch", "row", "column"), kind=TensorProto.FLOAT):
    """A map of a graph [batch, channels, row, column]."""
    batch, row, column = sizes
    return helper.make_tensor_value_info(name, kind, [batch, channels, row, column])


def constant(name, value):
    """A named constant of a graph."""
    return numpy_helper.from_array(np.asarray(value), name)


def graph_bytes(nodes, constants=(), inputs=None, outputs=None, domains=()):
    """A model of these nodes as the bytes of a file."""
    maps = [tensor(name, count) for name, count in INPUTS.items()]
    graph = helper.make_graph(
        nodes, "toy", inputs or maps, outputs or [tensor("noise")], list(constants)
    )
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(one, 1) for one in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def middle(name="middle"):
    """Nodes and constants that cut the slice being enhanced out of its stack."""
    node = helper.make_node("Slice", ["slices", "from", "to", "axis"], [name])
    return [node], [
        constant("from", np.array([2])),
        constant("to", np.array([3])),
        constant("axis", np.array([1])),
    ]


def honest():
    """Half a noise SD where the middle slice is above its neighbour, minus that elsewhere."""
    nodes, constants = middle()
    nodes += [
        helper.make_node("AveragePool", ["middle"], ["mean"], kernel_shape=[3, 3], pads=[1] * 4),
        helper.make_node("Sub", ["middle", "mean"], ["change"]),
        helper.make_node("Neg", ["noise_sd"], ["low"]),
        helper.make_node("Min", ["change", "noise_sd"], ["under"]),
        helper.make_node("Max", ["under", "low"], ["noise"]),
    ]
    return graph_bytes(nodes, constants)


def spread_of(factor=0.5, output="spread"):
    """A constant share of the noise SD as the spread of a model."""
    node = helper.make_node("Mul", ["noise_sd", "factor"], [output])
    return graph_bytes([node], [constant("factor", np.float32(factor))], outputs=[tensor(output)])


SPREAD = """
[spread]
onnx = "spread.onnx"
onnx_sha256 = "{sha256}"
share = 0.9
factor = 2.0
coverage = 0.905
worst_group = "noise 12"
worst_coverage = 0.8817
scenes = 24
"""


def add_spread(place, content):
    """Give the model in a folder this file as its spread."""
    (place / "spread.onnx").write_bytes(content)
    table = SPREAD.format(sha256=hashlib.sha256(content).hexdigest())
    card = place / "card.toml"
    card.write_text(card.read_text(encoding="utf-8") + table, encoding="utf-8")


def unbounded():
    """A thousand times what it was given, and not 0 where there is no noise."""
    nodes, constants = middle()
    nodes.append(helper.make_node("Mul", ["middle", "thousand"], ["noise"]))
    return graph_bytes(nodes, [*constants, constant("thousand", np.float32(1000))])


def not_a_number():
    """NaN everywhere."""
    nodes, constants = middle()
    nodes.append(helper.make_node("Mul", ["middle", "nothing"], ["noise"]))
    return graph_bytes(nodes, [*constants, constant("nothing", np.float32(np.nan))])


def wrong_size():
    """Half the rows and columns, which only a run shows."""
    nodes, constants = middle()
    nodes.append(
        helper.make_node("AveragePool", ["middle"], ["noise"], kernel_shape=[2, 2], strides=[2, 2])
    )
    return graph_bytes(nodes, constants)


def fixed_size():
    """Made for 64 x 64 only."""
    nodes, constants = middle("noise")
    sizes = ("batch", 64, 64)
    maps = [tensor(name, count, sizes) for name, count in INPUTS.items()]
    return graph_bytes(nodes, constants, inputs=maps)


def other_inputs():
    """Takes one slice by another name."""
    nodes = [helper.make_node("Identity", ["image"], ["noise"])]
    return graph_bytes(nodes, inputs=[tensor("image")])


def whole_numbers():
    """Takes integers."""
    nodes, constants = middle("one")
    nodes.append(helper.make_node("Cast", ["one"], ["noise"], to=TensorProto.FLOAT))
    maps = [tensor(name, count, kind=TensorProto.INT32) for name, count in INPUTS.items()]
    return graph_bytes(nodes, constants, inputs=maps)


def _body(step, state_shape):
    """What a loop repeats: a step from `state` to `next`, and whether to go on."""
    return helper.make_graph(
        [helper.make_node("Identity", ["go_on"], ["goes_on"]), step],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, state_shape),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, state_shape),
        ],
    )


def _looped(step, state_shape):
    """A graph that repeats a step for as good as ever, then adds 0 of what came of it."""
    nodes, constants = middle()
    nodes += [
        helper.make_node("ReduceSum", ["frequency"], ["seed"], keepdims=0),
        helper.make_node("Reshape", ["seed", "one"], ["begin"]),
        helper.make_node("Loop", ["trips", "", "begin"], ["end"], body=_body(step, state_shape)),
        helper.make_node("ReduceSum", ["end"], ["total"], keepdims=0),
        helper.make_node("Mul", ["total", "zero"], ["none"]),
        helper.make_node("Add", ["middle", "none"], ["noise"]),
    ]
    constants += [
        constant("trips", np.int64(2**62)),
        constant("one", np.array([1])),
        constant("zero", np.float32(0)),
    ]
    return graph_bytes(nodes, constants)


def hanging():
    """A loop of 2 to the power of 62 trips."""
    return _looped(helper.make_node("Cos", ["state"], ["next"]), [1])


def growing():
    """A loop that doubles its state on every trip."""
    return _looped(helper.make_node("Concat", ["state", "state"], ["next"], axis=0), ["n"])


def giant():
    """A constant of 16 TB."""
    nodes, constants = middle()
    fill = numpy_helper.from_array(np.zeros(1, np.float32))
    nodes += [
        helper.make_node("ConstantOfShape", ["shape"], ["huge"], value=fill),
        helper.make_node("ReduceSum", ["huge"], ["total"], keepdims=0),
        helper.make_node("Add", ["middle", "total"], ["noise"]),
    ]
    return graph_bytes(nodes, [*constants, constant("shape", np.array([2**21, 2**21]))])


def foreign_operator():
    """Calls for an operator of its own."""
    node = helper.make_node("Dream", ["slices"], ["noise"], domain="com.example")
    return graph_bytes([node], domains=["com.example"])


def external_data():
    """Keeps a constant in a file beside it."""
    nodes, constants = middle()
    nodes.append(helper.make_node("Mul", ["middle", "outside"], ["noise"]))
    outside = constant("outside", np.ones(1, np.float32))
    onnx.external_data_helper.set_external_data(outside, "/etc/hostname")
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    return graph_bytes(nodes, [*constants, outside])


def hangs_on_large():
    """Honest up to 64 rows, so that it passes every probe; beyond, it never ends."""
    nodes, constants = middle()
    body = _body(helper.make_node("Cos", ["state"], ["next"]), [1])
    nodes += [
        helper.make_node("Shape", ["noise_sd"], ["rows"], start=2, end=3),
        helper.make_node("Div", ["rows", "limit"], ["is_large"]),
        helper.make_node("Mul", ["is_large", "many"], ["trips"]),
        helper.make_node("Loop", ["trips", "", "begin"], ["end"], body=body),
        helper.make_node("Mul", ["end", "zero"], ["none"]),
        helper.make_node("Add", ["middle", "none"], ["sum"]),
        helper.make_node("Neg", ["noise_sd"], ["low"]),
        helper.make_node("Min", ["sum", "noise_sd"], ["under"]),
        helper.make_node("Max", ["under", "low"], ["noise"]),
    ]
    constants += [
        constant("limit", np.array([65])),
        constant("many", np.array([2**60])),
        constant("begin", np.ones(1, np.float32)),
        constant("zero", np.float32(0)),
    ]
    return graph_bytes(nodes, constants)


def write_toy(folder: Path, content: bytes, model_id="toy", sha256="", more="", **changes):
    """Write a model folder with this ONNX file and a card; return the folder."""
    place = folder / model_id
    place.mkdir(parents=True)
    (place / "weights.onnx").write_bytes(content)
    facts = {"modality": "CT", "unit": "HU", "status": "ship", "name": "Toy", **changes}
    checksum = sha256 or hashlib.sha256(content).hexdigest()
    text = CARD.format(id=model_id, sha256=checksum, more=more, **facts)
    (place / "card.toml").write_text(text, encoding="utf-8")
    return place
