"""CT scenes with known truth and noise, and the smallest models, built in code."""

import hashlib
import warnings
from pathlib import Path

import numpy as np
from scipy import ndimage

from viewer.core.geometry import FrameGeometry, volume_geometry
from viewer.core.study import FrameSource, Instance, PartKind, Series, SeriesPart, Study
from viewer.core.volume import Volume
from viewer.enhancement.method import SourceSlices

CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
SPACING_MM = (1.0, 0.7, 0.7)
NOISE_HU = 20.0


def ct_noise(shape, sd=NOISE_HU, seed=0):
    """Noise with the grain of CT: little at low frequency, most at the middle ones."""
    rng = np.random.default_rng(seed)
    white = rng.normal(size=shape)
    noise = ndimage.gaussian_filter(white, (0, 0.6, 0.6)) - ndimage.gaussian_filter(
        white, (0, 4, 4)
    )
    return (noise * sd / noise.std()).astype(np.float32)


def body(slices=6, size=160, lesion_hu=60.0):
    """Noise-free HU: a disc of 50 HU in air, with a bright lesion and a hole of lung."""
    row, column = np.mgrid[:size, :size]
    truth = np.full((size, size), -1000.0, dtype=np.float32)
    middle = size / 2
    truth[(row - middle) ** 2 + (column - middle) ** 2 < (0.41 * size) ** 2] = 50.0
    truth[(row - 0.28 * size) ** 2 + (column - middle) ** 2 < (0.06 * size) ** 2] += lesion_hu
    truth[(row - middle) ** 2 + (column - 0.72 * size) ** 2 < (0.1 * size) ** 2] = -850.0
    return np.repeat(truth[None], slices, axis=0)


def volume_of(values, *, positions_mm=None, spacing_mm=SPACING_MM, unit="HU", mask=None, **marks):
    """A complete volume of these values; `positions_mm` are the slices' places along z."""
    count, rows, columns = values.shape
    places = [index * spacing_mm[0] for index in range(count)]
    frames = tuple(
        FrameGeometry((0, 0, z), (1, 0, 0), (0, 1, 0), spacing_mm[1:], (rows, columns))
        for z in (places if positions_mm is None else positions_mm)
    )
    loaded = marks.get("loaded", np.ones(count, dtype=np.bool_))
    uids = marks.get("uids", tuple(f"1.2.{index}" for index in range(count)))
    return Volume(values, volume_geometry(frames, slice_thickness_mm=1.0), unit, uids, loaded, mask)


def noisy_volume(slices=6, size=160, sd=NOISE_HU, seed=0, **marks):
    """The body with CT noise, int16 HU, and its truth."""
    truth = body(slices, size)
    values = np.rint(truth + ct_noise(truth.shape, sd, seed)).astype(np.int16)
    return volume_of(values, **marks), truth


def source_of(volume, noise_sd=NOISE_HU, frequency=0.3):
    """The volume as methods see it, with noise of a known SD."""
    return SourceSlices(
        volume.values,
        volume.geometry.spacing_mm,
        np.full(len(volume.values), noise_sd, dtype=np.float32),
        frequency,
        volume.mask,
        volume.geometry.slice_positions_mm,
        volume.unit,
    )


def instance(**changes):
    """One CT image as a header describes it."""
    facts = {
        "path": "",
        "origin": "",
        "sop_class_uid": CT_STORAGE,
        "sop_instance_uid": "1.2.0",
        "transfer_syntax_uid": "",
        "modality": "CT",
        "image_type": ("ORIGINAL", "PRIMARY", "AXIAL"),
        "slice_thickness_mm": 1.0,
    }
    return Instance(**{**facts, **changes})


def study_of(age="060Y", kvp=120.0, modality="CT", kernel="B30f", description="", **changes):
    """A study, its series, and a part whose only instance has the changes."""
    study = Study("1", age=age)
    series = Series("1.1", modality, kvp=kvp, kernel=kernel, description=description)
    source = FrameSource(instance(modality=modality, **changes), 0)
    return study, series, SeriesPart(study.key, "1.1", 0, PartKind.VOLUME, "", (source,))


CARD = """
id = "{id}"
version = "0.1"
name = "Tiny"
kind = "cnn"
operation = "denoise"
status = "ship"
synthetic_data = "NO"
cautions = ["a test model"]
limits = "none known"

[architecture]
network = "Denoiser"
widths = [8, 8, 8]

[weights]
file = "weights.safetensors"
sha256 = "{tensors}"
onnx = "weights.onnx"
onnx_sha256 = "{onnx}"

[input]
modality = "CT"
unit = "HU"
spacing_mm = [0.3, 1.0]
slice_thickness_mm = [0.5, 5.0]
noise_sd = [4.0, 70.0]
kvp = [70, 140]
nps_mean_frequency_per_mm = [0.1, 0.8]
slices = 5
age_years_min = 18

[metrics]
rmse_hu = 1.5
"""


def tiny_model(folder: Path, model_id="tiny"):
    """Write a network with few random weights and its card; return its folder."""
    import torch
    from safetensors.torch import save_file

    from viewer.enhancement.networks import Denoiser

    place = folder / model_id
    place.mkdir(parents=True)
    torch.manual_seed(1)
    network = Denoiser((8, 8, 8)).eval()
    torch.nn.init.normal_(network.network.tail.weight, std=0.5)
    save_file(network.network.state_dict(), place / "weights.safetensors")
    maps = (torch.randn(1, 5, 64, 64), torch.full((1, 1, 64, 64), 20.0), torch.ones(1, 1, 64, 64))
    names = ["slices", "noise_sd", "frequency"]
    sizes = {0: "batch", 2: "row", 3: "column"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            maps,
            str(place / "weights.onnx"),
            input_names=names,
            output_names=["noise"],
            dynamic_axes=dict.fromkeys((*names, "noise"), sizes),
            opset_version=17,
            dynamo=False,
        )
    write_card(place, model_id)
    return place


def write_card(place: Path, model_id="tiny", **changes):
    """Write the card with the checksums of the files beside it, or with other ones."""
    found = {
        name: hashlib.sha256((place / file).read_bytes()).hexdigest()
        for name, file in (("tensors", "weights.safetensors"), ("onnx", "weights.onnx"))
        if (place / file).exists()
    }
    text = CARD.format(**{"id": model_id, **found, **changes})
    (place / "card.toml").write_text(text, encoding="utf-8")


class SmoothingRunner:
    """Stands for a network: its noise is the middle slice less its Gaussian, within 3 SD.

    `room` is how many pixels fit at once; more raises OutOfMemory. `calls` are the shapes seen.
    """

    def __init__(self, room=None, slab=1, device="a test"):
        self.room, self.slab, self.device = room, slab, device
        self.calls = []

    def run(self, slices, noise_sd, frequency):
        from viewer.core.errors import OutOfMemory

        self.calls.append(slices.shape)
        if self.room is not None and slices[:, 0].size > self.room:
            raise OutOfMemory("no room")
        middle = slices[:, 2:3]
        noise = middle - ndimage.gaussian_filter(middle, (0, 0, 1.5, 1.5))
        return np.clip(noise, -3 * noise_sd, 3 * noise_sd).astype(np.float32)
