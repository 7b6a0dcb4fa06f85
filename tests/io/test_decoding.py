"""The decoding processes: what they return, and what a hostile frame can and cannot do."""

import contextlib
import os
import threading
import time

import imagecodecs
import numpy as np
import pytest

from tests.builders import ct_slice, set_pixels
from tests.io.openings import encapsulated, noisy, source_of
from viewer.core.errors import (
    Cancelled,
    DamagedPixels,
    DiptychError,
    OutOfMemory,
    UnreadableFile,
)
from viewer.io import decoding
from viewer.io.buffers import Block
from viewer.io.conversion import DoesNotFit, Recipe
from viewer.io.decoding import DecoderLost, Decoders, DecodeTask
from viewer.io.header import read_entry
from viewer.io.pixels import address_of

JLS = "1.2.840.10008.1.2.4.80"
INT16 = Recipe("int16")


@pytest.fixture(scope="module")
def decoders():
    with Decoders(1) as pool:
        yield pool


@pytest.fixture
def block():
    with Block((3, 40, 56), "int16", is_shared=True) as shared:
        yield shared


def compressed(folder, values, bits=12, stream=None, name="a.dcm"):
    dataset = set_pixels(ct_slice(), values, bits_stored=bits)
    coded = imagecodecs.jpegls_encode(values) if stream is None else stream
    path = encapsulated(dataset, [coded], JLS, folder, name=name)
    return address_of(source_of(read_entry(str(path)).instance))


def task(address, block, recipe=INT16, place=1, intercept=-1024.0, **more):
    return DecodeTask(address, recipe, 1.0, intercept, block.path, place * 40 * 56 * 2, **more)


def test_a_frame_is_decoded_into_its_place_in_shared_memory(tmp_path, decoders, block):
    values = noisy(40, 56, 12)
    assert decoders.decode(task(compressed(tmp_path, values), block)) is False
    assert np.array_equal(block.values[1], values.astype(int) - 1024)
    assert not block.values[0].any()
    assert not block.values[2].any()


def test_the_mask_of_padding_is_written_too_15(tmp_path, decoders, block):
    values = noisy(40, 56, 12)
    values[:5] = 3
    recipe = Recipe("int16", padding=(3.0, 3.0))
    with Block((3, 40, 56), "bool", is_shared=True) as mask:
        told = decoders.decode(
            task(
                compressed(tmp_path, values),
                block,
                recipe,
                mask_block=mask.path,
                mask_position=40 * 56,
            )
        )
        assert told is True
        assert np.array_equal(mask.values[1], values != 3)


def test_values_outside_int16_are_reported_and_not_wrapped(tmp_path, decoders, block):
    with pytest.raises(DoesNotFit):
        decoders.decode(task(compressed(tmp_path, noisy(40, 56, 16), 16), block))


def test_errors_come_back_with_their_class_and_words(tmp_path, decoders, block):
    cut = imagecodecs.jpegls_encode(noisy(40, 56, 12))[:200]
    with pytest.raises(DamagedPixels, match="ends before its picture is complete"):
        decoders.decode(task(compressed(tmp_path, noisy(40, 56, 12), stream=cut), block))
    address = compressed(tmp_path, noisy(40, 56, 12))
    os.unlink(address.path)  # noqa: PTH108
    with pytest.raises(UnreadableFile):
        decoders.decode(task(address, block))


def test_memory_of_a_process_is_bounded(tmp_path, block):
    rows = columns = 3000
    values = np.zeros((rows, columns), np.uint16)
    address = compressed(tmp_path, values, 12)
    with (
        Decoders(1, child_bytes=10 << 20) as small,
        Block((1, rows, columns), "int16", is_shared=True) as large,
        pytest.raises((OutOfMemory, DamagedPixels)) as caught,
    ):
        small.decode(DecodeTask(address, INT16, 1.0, 0.0, large.path, 0))
    assert not isinstance(caught.value, DecoderLost)


def decode_for(seconds, pool, work):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pool.decode(work)


def test_a_process_that_dies_costs_one_frame(tmp_path, block, monkeypatch):
    address = compressed(tmp_path, noisy(40, 56, 12))
    with Decoders(1) as pool:
        pool.decode(task(address, block))
        (first,) = pool.process_ids()
        is_lost = threading.Event()

        def kill_until_lost():
            # One that is hit between two frames costs nothing: it has to be tried again.
            while not is_lost.wait(0.2):
                for process in pool.process_ids():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, 9)

        killer = threading.Thread(target=kill_until_lost)
        killer.start()
        with pytest.raises(DecoderLost, match="JPEG-LS Lossless ended its process"):
            decode_for(20, pool, task(address, block))
        is_lost.set()
        killer.join()
        pool.decode(task(address, block))
        assert pool.process_ids() != (first,)


def test_a_frame_that_takes_too_long_costs_one_frame(tmp_path, block):
    rows = columns = 2500
    address = compressed(tmp_path, noisy(rows, columns, 12))
    small = compressed(tmp_path, noisy(40, 56, 12), name="b.dcm")
    with (
        Decoders(1, patience_s=-24.9) as pool,
        Block((1, rows, columns), "int16", is_shared=True) as large,
    ):
        # The patience for 6.25 million samples is then 0.1 s, and less than nothing for few.
        pool.start()
        time.sleep(1.5)
        child = pool._children[0]
        child._is_proved = True
        with pytest.raises(DecoderLost, match="took longer"):
            pool.decode(DecodeTask(address, INT16, 1.0, 0.0, large.path, 0))
        assert pool.process_ids() == ()
    with Decoders(1) as pool:
        pool.decode(task(small, block))


def test_nothing_runs_before_the_first_frame_and_after_closing(tmp_path, block):
    pool = Decoders(2)
    assert pool.process_ids() == ()
    pool.start()
    ids = pool.process_ids()
    assert len(ids) == 2
    pool.close()
    assert pool.process_ids() == ()
    for process in ids:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    with pytest.raises(Cancelled):
        pool.decode(task(compressed(tmp_path, noisy(40, 56, 12)), block))


def test_many_threads_share_few_processes(tmp_path, decoders):
    count = 12
    frames = [noisy(40, 56, 12, seed) for seed in range(count)]
    addresses = [compressed(tmp_path, v, name=f"{n}.dcm") for n, v in enumerate(frames)]
    with Block((count, 40, 56), "int16", is_shared=True) as block:
        threads = [
            threading.Thread(target=decoders.decode, args=(task(a, block, place=n),))
            for n, a in enumerate(addresses)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert np.array_equal(block.values, np.stack(frames).astype(int) - 1024)


def test_a_child_loads_neither_qt_nor_torch_nor_pydicom():
    import subprocess
    import sys

    code = (
        "import sys, viewer.io.decoding as d; d._settle(1 << 32);"
        "print([m for m in ('PySide6', 'torch', 'vtkmodules', 'SimpleITK', 'pydicom', 'scipy')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_an_answer_is_data_and_never_code():
    with pytest.raises(DamagedPixels):
        decoding._understood(b'{"kind": "SystemExit", "what": "no"}')
    with pytest.raises(DamagedPixels):
        decoding._understood(b'{"kind": "Cancelled"}')


@pytest.mark.parametrize("reply", [b"", b"\xff\xfe", b"7", b"[]", b"{", b"[" * 100_000])
def test_nonsense_from_a_process_is_an_error_of_ours(reply):
    with pytest.raises(DecoderLost):
        decoding._understood(reply)


# ------------------------------------------------------------------------------ shared memory


def test_shared_memory_outlives_its_path_and_goes_with_its_last_array():
    block = Block((2, 8, 8), "int16", is_shared=True)
    path = block.path
    with open(path, "r+b") as other:  # noqa: PTH123
        other.seek(0)
        other.write(np.full(64, 7, "<i2").tobytes())
    values = block.values
    assert np.all(values[0] == 7)
    block.close()
    assert block.path == ""
    assert np.all(values[0] == 7)
    assert not os.path.exists(path) or "diptych-pixels" not in os.readlink(path)  # noqa: PTH110, PTH115


def test_more_memory_than_there_is_is_refused_in_words():
    with pytest.raises(OutOfMemory, match=r"need .* GB of memory"):
        Block((4000, 65535, 65535), "float32")


# ------------------------------------------------------------------------------ hostile frames

STREAMS = {
    "1.2.840.10008.1.2.4.50": lambda v: imagecodecs.jpeg8_encode((v >> 4).astype(np.uint8), 90),
    "1.2.840.10008.1.2.4.70": lambda v: imagecodecs.jpeg8_encode(
        v, lossless=True, predictor=1, bitspersample=12
    ),
    JLS: imagecodecs.jpegls_encode,
    "1.2.840.10008.1.2.4.90": lambda v: imagecodecs.jpeg2k_encode(
        v, codecformat="J2K", reversible=True, bitspersample=12
    ),
    "1.2.840.10008.1.2.4.201": lambda v: imagecodecs.htj2k_encode(v, reversible=True),
    "1.2.840.10008.1.2.4.110": lambda v: imagecodecs.jpegxl_encode(v, lossless=True),
}


@pytest.mark.parametrize("syntax", STREAMS)
def test_spoilt_streams_never_reach_this_process(tmp_path, decoders, block, syntax):
    random = np.random.default_rng(11)
    values = noisy(40, 56, 12)
    stream = STREAMS[syntax](values)
    bits = 8 if syntax.endswith(".50") else 12
    dataset = set_pixels(
        ct_slice(), values if bits == 12 else values.astype(np.uint8), bits_stored=bits
    )
    outcomes = []
    start = time.monotonic()
    for number in range(25):
        spoilt = bytearray(stream)
        for place in random.integers(2, len(spoilt), 1 + number % 6):
            spoilt[place] = int(random.integers(0, 256))
        path = encapsulated(dataset, [bytes(spoilt)], syntax, tmp_path, name=f"{number}.dcm")
        address = address_of(source_of(read_entry(str(path)).instance))
        outcomes.append(tried(decoders, task(address, block)))
    assert time.monotonic() - start < 60
    assert all(outcome is None or len(outcome) > 20 for outcome in outcomes)
    good = compressed(tmp_path, values, name="good.dcm")
    decoders.decode(task(good, block))
    assert np.array_equal(block.values[1], values.astype(int) - 1024)


def tried(decoders, work):
    """Return the words of the error, or None when something was decoded."""
    try:
        decoders.decode(work)
    except DiptychError as error:
        return str(error)
    return None
