"""Loading whole series beside a memcpy and SimpleITK's series reader on the same files.

Run as ``python -m tests.benchmarks.bench_load [--runs N] [--count N] [NAME ...]``; names are
raw, jls, sv1, j2k, rle and rss. Files are warm. Slow codings use 200 slices unless a count
is given. Decoding processes have been started before, as the program does after its first paint.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import SimpleITK
from pydicom.uid import ExplicitVRLittleEndian

from tests.benchmarks.series import Encoder, slice_values, write_series
from tests.benchmarks.table import Row, work_folder
from viewer.core.partition import parts
from viewer.core.study import SeriesPart
from viewer.io.assemble import load_part
from viewer.io.decoding import Decoders
from viewer.io.scan import scan

RUNS = 5


def _rle(values: np.ndarray) -> bytes:
    """Return run-length coded 16-bit samples: two segments of packed bytes."""
    raw = values.astype("<i2").view(np.uint8).reshape(*values.shape, 2)
    planes = [imagecodecs.packbits_encode(raw[..., byte].copy(), axis=-1) for byte in (1, 0)]
    planes = [plane + b"\0" * (len(plane) % 2) for plane in planes]
    head = np.zeros(16, "<u4")
    head[:3] = 2, 64, 64 + len(planes[0])
    return head.tobytes() + b"".join(planes)


def _sv1(values: np.ndarray) -> bytes:
    return imagecodecs.jpeg8_encode(
        values.astype(np.uint16), lossless=True, predictor=1, bitspersample=12
    )


def _j2k(values: np.ndarray) -> bytes:
    return imagecodecs.jpeg2k_encode(
        values.astype(np.uint16), codecformat="J2K", reversible=True, bitspersample=12
    )


CODINGS: dict[str, tuple[str, Encoder | None, int, float]] = {
    "raw": (ExplicitVRLittleEndian, None, 600, 8.0),
    "jls": (
        "1.2.840.10008.1.2.4.80",
        lambda values: imagecodecs.jpegls_encode(values.astype(np.uint16)),
        600,
        2.0,
    ),
    "sv1": ("1.2.840.10008.1.2.4.70", _sv1, 600, 2.0),
    "j2k": ("1.2.840.10008.1.2.4.90", _j2k, 200, 1.5),
    "rle": ("1.2.840.10008.1.2.5", _rle, 200, 10.0),
}
"""Transfer syntax, encoder, number of slices, and how many times faster than SimpleITK."""


def coded_folder(work: Path, name: str, count: int | None = None) -> Path:
    """Return a folder of slices in a coding, written once and kept in the work folder."""
    syntax, encode, usual, _ = CODINGS[name]
    count = count or usual
    folder = work / f"{name}_{count}"
    if len(list(folder.glob("*.dcm"))) != count:
        write_series(folder, count, transfer_syntax=syntax, encode=encode, series=name)
    return folder


def rows(
    work: Path, names: tuple[str, ...], runs: int = RUNS, count: int | None = None
) -> Iterator[Row]:
    """Yield rows: name, ours_ms, peer, peer_ms, ratio (peer over ours), target, and details."""
    with Decoders() as decoders:
        decoders.start()
        for name in names:
            if name != "rss":
                yield from _coding_rows(work, name, decoders, runs, count)
    if "rss" in names:
        for name in ("raw", "jls"):
            yield _memory_row(work, name, count or 600)


def _coding_rows(
    work: Path, name: str, decoders: Decoders, runs: int, count: int | None
) -> list[Row]:
    _, _, usual, target = CODINGS[name]
    count = count or usual
    folder = coded_folder(work, name, count)
    paths = sorted(folder.glob("*.dcm"))
    part = _part(folder)
    _check(load_part(part, decoders=decoders).values, paths)
    works: dict[str, Callable[[], object]] = {
        "load": lambda: load_part(part, decoders=decoders),
        "scan and load": lambda: load_part(_part(folder), decoders=decoders),
        "memcpy": _memcpy(count),
        "SimpleITK": lambda: _simple_itk(paths),
    }
    times = _paired(works, runs)
    title = f"load_{name}_{count}"
    shared = {"scan_and_load_ms": round(statistics.median(times["scan and load"]), 1)}
    made = [_row(title, times, "SimpleITK", "SimpleITK ImageSeriesReader", target) | shared]
    if name == "raw":
        made.append(_row(f"{title}_memcpy", times, "memcpy", "memcpy into fresh memory", 1 / 3))
    return made


def _row(name: str, times: dict[str, list[float]], peer: str, words: str, target: float) -> Row:
    ratios = [p / o for p, o in zip(times[peer], times["load"], strict=True)]
    return {
        "name": name,
        "ours_ms": round(statistics.median(times["load"]), 1),
        "peer": words,
        "peer_ms": round(statistics.median(times[peer]), 1),
        "ratio": round(statistics.median(ratios), 2),
        "target": round(target, 2),
    }


def _paired(works: dict[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Time each work once per run, so that all of them see the same machine.

    A memcpy that is not timed comes first: memory that SimpleITK has just given back costs
    whoever takes it next up to a second, and that must be nobody's time.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        works["memcpy"]()
        for name, work in works.items():
            start = time.perf_counter()
            kept = work()
            times[name].append((time.perf_counter() - start) * 1000)
            del kept
    return times


def _part(folder: Path) -> SeriesPart:
    """Return the one part of the series in a folder, by the program's own scan."""
    report = scan((folder,), lambda _entries, _skipped: None, lambda: False, folder.parent / "un")
    (study,) = report.studies
    (part,) = parts(study, study.series[0])
    return part


def _check(values: np.ndarray, paths: list[Path]) -> None:
    """Make sure that what is timed is right: every eighth slice holds the same picture."""
    assert values.shape[0] == len(paths)
    if not np.array_equal(values[0].reshape(-1), slice_values(0).reshape(-1) - 1024):
        raise AssertionError("the loaded series is not what was written")


def _memcpy(count: int) -> Callable[[], object]:
    source = np.ones((count, 512, 512), np.int16)

    def copy() -> object:
        target = np.empty_like(source)
        target[...] = source
        return target

    return copy


def _simple_itk(paths: list[Path]) -> object:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in paths])
    return reader.Execute()


# ------------------------------------------------------------------------------ memory


def _memory_row(work: Path, name: str, count: int) -> Row:
    """Return the peak of a process that scans and loads, and of its decoding processes."""
    folder = str(coded_folder(work, name, count))
    command = [sys.executable, "-m", "tests.benchmarks.bench_load", "--measure", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peaks = json.loads(done.stdout)
    pixels = count * 512 * 512 * 2 / 1e6
    return {
        "name": f"rss_{name}_{count}",
        "ours_mb": round(peaks["own_mb"]),
        "peer": "1.5 times the pixels and 200 MB",
        "peer_mb": round(1.5 * pixels + 200),
        "ratio": round((1.5 * pixels + 200) / peaks["own_mb"], 2),
        "target": 1.0,
        "children_mb": [round(peak) for peak in peaks["children_mb"]],
        "before_mb": round(peaks["before_mb"]),
    }


def _measure(folder: Path) -> None:
    """Load a series, touch every value, and print the peaks; runs in a process of its own."""
    before = _peak_mb("self")
    with Decoders() as decoders:
        volume = load_part(_part(folder), decoders=decoders)
        total = int(volume.values.max())
        children = [_peak_mb(str(pid)) for pid in decoders.process_ids()]
    peaks = {"own_mb": _peak_mb("self"), "before_mb": before, "children_mb": children}
    sys.stdout.write(json.dumps(peaks | {"largest": total}))


def _peak_mb(process: str) -> float:
    text = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    line = next(line for line in text.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1000


def main() -> None:
    """Print the rows that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*CODINGS, "rss"])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--count", type=int)
    parser.add_argument("--work", type=Path, default=work_folder())
    parser.add_argument("--measure", type=Path)
    options = parser.parse_args()
    if options.measure:
        _measure(options.measure)
        return
    for row in rows(options.work, tuple(options.names), options.runs, options.count):
        print(row)


if __name__ == "__main__":
    main()
