"""What works on this machine, and what to do about what does not: `diptych doctor`."""

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from viewer.app.cataloguing import are_models_verified
from viewer.app.settings import cache_bytes, load_settings, machine_memory_bytes
from viewer.core.errors import DiptychError
from viewer.core.partition import parts
from viewer.core.places import user_folder
from viewer.core.volume import AnyVolume
from viewer.enhancement.inference import best_device, compute_threads
from viewer.io.assemble import load_part
from viewer.io.codec_check import broken_codecs
from viewer.io.phantom_files import PhantomGrid, PhantomIdentity, write_ct_series
from viewer.io.safely import private_folder
from viewer.io.scan import scan

LEAST_FREE_BYTES = 500_000_000
_SIDE = 16


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `state` is "ok", "note" or "problem"; `do` is the remedy."""

    name: str
    state: str
    words: str
    do: str = ""


def diagnose() -> tuple[Finding, ...]:
    """Look at everything that Diptych needs; each look is safe and takes seconds at most."""
    looks: tuple[Callable[[], Finding], ...] = (
        _python,
        _display,
        _accelerator,
        _engine,
        _codecs,
        _memory,
        _folder,
        _models,
    )
    return tuple(look() for look in looks)


def _python() -> Finding:
    words = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("System", "ok", words)


def _display() -> Finding:
    if sys.platform in ("win32", "darwin"):
        return Finding("Display", "ok", "the system's own")
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(name):
            return Finding("Display", "ok", f"{name}={os.environ[name]}")
    return Finding(
        "Display",
        "note",
        "there is none: windows are drawn off screen",
        "Start from a desktop session, or use --screenshot.",
    )


def _accelerator() -> Finding:
    device = best_device()
    if device == "cpu":
        return Finding("GPU", "note", "none that torch can use: models run on the processor")
    return Finding("GPU", "ok", f"models run on {device}")


def _engine() -> Finding:
    has_onnx = importlib.util.find_spec("onnxruntime") is not None
    name = "ONNX Runtime" if has_onnx else "torch"
    count = compute_threads()
    threads = "thread" if count == 1 else "threads"
    return Finding("CPU engine", "ok", f"{name}, {count} {threads}, one core left for the window")


def _codecs() -> Finding:
    missing = broken_codecs()
    if missing:
        return Finding(
            "Codecs",
            "problem",
            f"cannot decode: {', '.join(missing)}",
            "Install again: the library imagecodecs is incomplete.",
        )
    return Finding("Codecs", "ok", "every transfer syntax that Diptych knows can be decoded")


def _memory() -> Finding:
    settings, _ = load_settings(user_folder())
    total = machine_memory_bytes()
    words = f"{total / 1e9:.1f} GB, of which {cache_bytes(settings) / 1e9:.1f} GB for images"
    return Finding("Memory", "ok" if total > 4e9 else "note", words)


def _folder() -> Finding:
    folder = user_folder()
    try:
        private_folder(folder)
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return Finding(
            "Folder",
            "problem",
            f"{folder} cannot be written ({error.strerror})",
            "Set DIPTYCH_HOME to a folder of yours.",
        )
    free = shutil.disk_usage(folder).free
    state = "ok" if free > LEAST_FREE_BYTES else "problem"
    do = "" if state == "ok" else "Make room on this disk."
    return Finding("Folder", state, f"{folder}, {free / 1e9:.1f} GB free", do)


def _models() -> Finding:
    try:
        is_verified = are_models_verified()
    except (DiptychError, OSError) as error:
        return Finding("Models", "problem", str(error), "Install Diptych again.")
    if is_verified:
        return Finding("Models", "ok", "the weights are those that the cards name")
    return Finding(
        "Models", "problem", "weights are missing or were changed", "Install Diptych again."
    )


def block_volume() -> AnyVolume:
    """Return a bright cube in air, written as CT files and opened again like any other series."""
    values = np.full((_SIDE, _SIDE, _SIDE), -1000, dtype=np.int16)
    values[4:12, 4:12, 4:12] = 1500
    grid = PhantomGrid((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 1.0)
    identity = PhantomIdentity(("doctor",), "Test block", 1, datetime(2026, 1, 1, tzinfo=UTC))
    with tempfile.TemporaryDirectory(prefix="diptych-doctor-") as name:
        folder = Path(name)
        write_ct_series(values, grid, identity, folder)
        report = scan((folder,), lambda _entries, _skipped: None, lambda: False, folder)
        study = report.studies[0]
        return load_part(parts(study, study.series[0])[0])


def text(findings: tuple[Finding, ...]) -> str:
    """Return the findings for a terminal, one line each and a second one where to act."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        mark = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}[finding.state]
        lines.append(f"{mark} {finding.name:<{width}}  {finding.words}")
        if finding.do:
            lines.append(f"{'':7} {'':<{width}}  -> {finding.do}")
    return "\n".join(lines)


def is_well(findings: tuple[Finding, ...]) -> bool:
    """True when there is no problem."""
    return all(finding.state != "problem" for finding in findings)
