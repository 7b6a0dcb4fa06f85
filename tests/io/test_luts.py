"""Look-up tables and polarity; numbers in names are the rules of the viewing spec."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.builders import ct_slice, palette_image, radiograph, set_attributes
from tests.io.openings import instance_of, source_of
from viewer.core.errors import BadHeader
from viewer.core.windowing import WindowFunction, apply_window
from viewer.io.colour import from_palette, to_rgb
from viewer.io.luts import is_inverted, modality_table, palette_of, voi_tables
from viewer.io.pixels import read_frame


def table_item(descriptor, entries, vr="US", as_bytes=False, **more):
    item = Dataset()
    item.add_new(0x00283002, vr, list(descriptor))
    data = np.asarray(entries, "<u2").tobytes() if as_bytes else [int(e) for e in entries]
    item.add_new(0x00283006, "OW" if as_bytes else "US", data)
    return set_attributes(item, more)


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_modality_lut_replaces_stored_values_11(tmp_path, as_bytes):
    entries = np.arange(0, 512, 2)
    dataset = ct_slice(RescaleSlope=None, RescaleIntercept=None, RescaleType=None)
    dataset.ModalityLUTSequence = [
        table_item((256, 1000, 16), entries, as_bytes=as_bytes, ModalityLUTType="OD")
    ]
    table, unit = modality_table(instance_of(dataset, tmp_path))
    assert unit == "OD"
    assert table.look_up(np.array([999, 1000, 1001, 1255, 5000])).tolist() == [0, 0, 2, 510, 510]


def test_descriptor_zero_means_65536_entries_13(tmp_path):
    entries = np.arange(65536)[::-1]
    dataset = ct_slice(WindowCenter=None, WindowWidth=None)
    dataset.VOILUTSequence = [table_item((0, 0, 16), entries, as_bytes=True)]
    (window,) = voi_tables(source_of(instance_of(dataset, tmp_path)))
    assert len(window.table.levels) == 65536
    assert window.table.levels[0] == 255
    assert window.table.levels[-1] == 0


def test_the_first_value_of_a_voi_lut_follows_pixel_representation_13(tmp_path):
    dataset = ct_slice(PixelRepresentation=1, RescaleIntercept=0)
    dataset.VOILUTSequence = [table_item((4, -2, 8), [0, 85, 170, 255], vr="SS")]
    (window,) = voi_tables(source_of(instance_of(dataset, tmp_path)))
    assert window.table.first == -2
    values = np.array([-100, -2, -1, 0, 1, 100], np.int16)
    assert apply_window(values, window).tolist() == [0, 0, 85, 170, 255, 255]


def test_the_first_value_is_negative_where_the_rescale_gives_negative_values_13(tmp_path):
    dataset = ct_slice()
    dataset.VOILUTSequence = [table_item((2, 65536 - 1000, 8), [0, 255])]
    (window,) = voi_tables(source_of(instance_of(dataset, tmp_path)))
    assert window.table.first == -1000


def test_fourteen_bit_entries_fill_the_grey_range_13(tmp_path):
    dataset = ct_slice()
    dataset.VOILUTSequence = [
        table_item((3, 0, 14), [0, 8192, 16383], LUTExplanation="BONE"),
        table_item((2, 0, 8), [0, 255]),
    ]
    first, second = voi_tables(source_of(instance_of(dataset, tmp_path)))
    assert list(first.table.levels) == [0, 128, 255]
    assert first.function is WindowFunction.TABLE
    assert (first.name, second.name) == ("BONE", "VOI LUT 2")


def test_a_lut_shorter_than_its_descriptor_is_refused(tmp_path):
    dataset = ct_slice()
    dataset.VOILUTSequence = [table_item((400, 0, 8), [0, 1, 2])]
    with pytest.raises(BadHeader, match="400 are promised"):
        voi_tables(source_of(instance_of(dataset, tmp_path)))


def test_polarity_does_not_cancel_twice_14(tmp_path):
    def inverted(name, **changes):
        return is_inverted(instance_of(radiograph(**changes), tmp_path, name))

    assert not inverted("a")
    assert inverted("b", PhotometricInterpretation="MONOCHROME1", PresentationLUTShape=None)
    assert inverted("c", PresentationLUTShape="INVERSE")
    assert inverted("d", PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE")


def test_a_sixteen_bit_palette_gives_its_high_bytes(tmp_path):
    instance = instance_of(palette_image(), tmp_path)
    first, levels = palette_of(instance)
    assert first == 0
    assert levels[200].tolist() == [200, 255 - 200, 0]
    rgb = from_palette(read_frame(source_of(instance)).values, first, levels)
    assert rgb[3, 4].tolist() == [7, 248, 0]
    assert rgb.shape == (24, 32, 3)


def test_an_eight_bit_palette_with_an_offset_is_extended_at_its_ends(tmp_path):
    dataset = palette_image()
    for colour in ("Red", "Green", "Blue"):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [4, 10, 8])
        setattr(dataset, f"{colour}PaletteColorLookupTableData", bytes([1, 2, 3, 4]))
    first, levels = palette_of(instance_of(dataset, tmp_path))
    rgb = from_palette(np.array([[0, 10, 11, 13, 99]]), first, levels)
    assert rgb[0, :, 0].tolist() == [1, 1, 2, 4, 4]


def test_a_segmented_palette_is_expanded(tmp_path):
    dataset = palette_image()
    codes = np.array([0, 2, 0, 257, 1, 254, 257 * 255], "<u2").tobytes()
    for colour in ("Red", "Green", "Blue"):
        delattr(dataset, f"{colour}PaletteColorLookupTableData")
        setattr(dataset, f"Segmented{colour}PaletteColorLookupTableData", codes)
    _, levels = palette_of(instance_of(dataset, tmp_path))
    assert levels[:, 0].tolist() == list(range(256))


def test_a_palette_that_is_missing_is_said(tmp_path):
    dataset = palette_image(BluePaletteColorLookupTableData=None)
    with pytest.raises(BadHeader, match="palette"):
        palette_of(instance_of(dataset, tmp_path))


# ------------------------------------------------------------------------------ colour


def test_ybr_full_is_converted_once_by_the_formula_of_the_standard_19():
    random = np.random.default_rng(5)
    ybr = random.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    y, cb, cr = (ybr[..., k].astype(float) for k in range(3))
    wanted = np.stack(
        [
            y + 1.402 * (cr - 128),
            y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128),
            y + 1.772 * (cb - 128),
        ],
        axis=-1,
    )
    rgb = to_rgb(ybr, "YBR_FULL", 8)
    assert np.abs(rgb - np.clip(wanted, 0, 255)).max() <= 0.51
    assert np.array_equal(to_rgb(rgb, "RGB", 8), rgb)


def test_deep_colour_is_reduced_to_its_highest_bits():
    deep = np.array([[[0, 0x7FFF, 0xFFFF]]], np.uint16)
    assert to_rgb(deep, "RGB", 16).tolist() == [[[0, 127, 255]]]
    shallow = np.array([[[0, 3, 7]]], np.uint8)
    assert to_rgb(shallow, "RGB", 3).tolist() == [[[0, 109, 255]]]
