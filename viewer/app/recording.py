"""The log of uses: what each enhancement did to the noise, and on what kind of scan.

One JSON object a line in `drift/uses.jsonl` of the user's folder, written at the end of every
enhancement and never changed. Nothing in it names a patient: no name, no ID, no UID, no date of
birth or study, no description.
"""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.app.messages import Message, warning
from viewer.app.settings import load_settings
from viewer.core.errors import DiptychError, UnreadableFile
from viewer.core.places import user_folder
from viewer.core.texts import one_line
from viewer.io.safely import append_line, locked, not_saved, private_folder

if TYPE_CHECKING:
    from viewer.app.enhancing import Enhancement, Plan

FOLDER, FILE = "drift", "uses.jsonl"
UNKNOWN = "unknown"
RESTART = "restart"
GroupKey = tuple[str, str, str, str, str]
"""Method with version and settings, modality, vendor, kernel, dose: what is compared."""


@dataclass(frozen=True, slots=True)
class Use:
    """One enhancement as it is logged; what is not known is "unknown" or None.

    `time` is aware UTC, ISO 8601. `noise_sd` is that of flat regions in `unit`, `noise_sd_out` the
    same at the strength in use and `noise_sd_full` at full strength. Frequencies are means of the
    noise power spectrum per mm; `nps_out_per_mm` is measured at the default strength whatever the
    one in use, so that a reader's hand on the slider does not look like drift. `structure` is the
    audit's index, of the residual at full strength. `gates` are (name, verdict) pairs. `settings`
    are the parameters that were not left as the method has them, in words.
    """

    time: str
    method: str
    version: str
    weights_sha256: str
    strength: float
    modality: str
    vendor: str
    model: str
    kernel: str
    thickness_mm: float | None
    dose: str
    unit: str
    noise_sd: float | None
    noise_sd_out: float | None
    noise_sd_full: float | None
    nps_per_mm: float | None
    nps_out_per_mm: float | None
    structure: float
    gates: tuple[tuple[str, str], ...] = ()
    settings: str = ""

    @property
    def group(self) -> GroupKey:
        """What is compared with its like."""
        method = " ".join(word for word in (self.method, self.version, self.settings) if word)
        return (method, self.modality, self.vendor, self.kernel, self.dose)

    @property
    def noise_left(self) -> float | None:
        """Share of the noise SD in flat regions that is left at full strength."""
        return _ratio(self.noise_sd_full, self.noise_sd)

    @property
    def nps_shift(self) -> float | None:
        """Mean frequency of the noise after over before, less 1."""
        ratio = _ratio(self.nps_out_per_mm, self.nps_per_mm)
        return None if ratio is None else ratio - 1.0


def _ratio(over: float | None, under: float | None) -> float | None:
    ratio = over / under if over is not None and under else math.nan
    return ratio if math.isfinite(ratio) else None


# ------------------------------------------------------------------------------ one use


def use_of(result: Enhancement, strength: float) -> Use:
    """Return what is logged of a complete, audited enhancement; measures the noise after it."""
    from viewer.app.strata import dose_group

    plan = result.plan
    series, flat = plan.request.series, plan.flat
    before = math.sqrt(flat.variance) if flat is not None else None
    cut = None if flat is None else flat.reached(1.0)
    reached = plan.blend(strength).reached
    sources = plan.request.part.sources
    return Use(
        time=plan.time,
        method=plan.method.id,
        version=plan.method.version,
        weights_sha256=plan.method.weights_sha256,
        strength=strength,
        modality=series.modality or UNKNOWN,
        vendor=one_line(series.manufacturer) or UNKNOWN,
        model=one_line(series.model) or UNKNOWN,
        kernel=one_line(series.kernel.replace("\\", " ")) or UNKNOWN,
        thickness_mm=sources[0].instance.slice_thickness_mm,
        dose=dose_group([dict(one.instance.acquisition) for one in sources]) or UNKNOWN,
        unit=plan.volume.unit,
        noise_sd=before,
        noise_sd_out=None if before is None or reached is None else before * (1 - reached),
        noise_sd_full=None if before is None or cut is None else before * (1 - cut),
        nps_per_mm=plan.noise.frequency_per_mm or None,
        nps_out_per_mm=_frequency_after(result),
        structure=(result.findings.figures if result.findings else result.audit()).structure,
        gates=tuple((gate.name, gate.verdict.value) for gate in plan.gates),
        settings=_settings_words(plan),
    )


def _settings_words(plan: Plan) -> str:
    """Return the parameters that are not the method's defaults, "" for none."""
    usual = dict(plan.method.settings())
    return " ".join(f"{name}={value:g}" for name, value in plan.settings if value != usual[name])


def _frequency_after(result: Enhancement) -> float | None:
    """Return the noise's mean frequency at the default strength; None where it has none."""
    from viewer.enhancement.conditioning import measured_noise
    from viewer.enhancement.residual import blended
    from viewer.enhancement.strength import DEFAULT_STRENGTH

    plan, residual = result.plan, result.residual
    if not plan.noise.frequency_per_mm:
        return None
    factor = plan.blend(DEFAULT_STRENGTH).factor
    values = blended(plan.volume.values, residual.values, residual.step, factor)
    return measured_noise(plan.volume, values).frequency_per_mm or None


# ------------------------------------------------------------------------------ the log


def log_path(home: Path) -> Path:
    """Return where the log of uses is."""
    return home / FOLDER / FILE


def log_use(home: Path, use: Use) -> None:
    """Append one use as one line; errors as `_append`."""
    _append(home, asdict(use))


def log_restart(home: Path, group: GroupKey) -> None:
    """Append that a group starts again: its uses so far stay in the log and count no more.

    Raises
    ------
    NotSaved : the disk refuses.
    """
    _append(home, {RESTART: group, "time": datetime.now(UTC).isoformat(timespec="seconds")})


def _append(home: Path, content: dict[str, object]) -> None:
    """Append one JSON object as one line, whole or not at all.

    Raises
    ------
    NotSaved : the disk refuses; the enhancement itself is not affected.
    """
    path = log_path(home)
    line = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    try:
        private_folder(home)
        private_folder(path.parent)
        with locked(path):
            append_line(path, line)
    except OSError as error:
        raise not_saved("The record of this enhancement in the drift log", error) from error


def log_quietly(home: Path, result: Enhancement, strength: float) -> Message | None:
    """Log the use of a complete enhancement; the message says why that could not be done."""
    try:
        log_use(home, use_of(result, strength))
    except DiptychError as error:
        return warning(error.what, "The enhancement itself is not affected.", error.do)
    return None


def log_headless(result: Enhancement) -> tuple[str, ...]:
    """Log a use outside the window where the settings allow it; return why that failed, else ().

    Finer slices are not logged: they have neither residual nor noise on the source's grid.
    """
    settings, _ = load_settings()
    if not settings.enhancement.log_uses or result.finer is not None:
        return ()
    problem = log_quietly(user_folder(), result, result.plan.request.strength)
    return () if problem is None else (problem.text,)


def read_log(home: Path) -> tuple[tuple[Use, ...], tuple[int, ...]]:
    """Return the uses that count in their order, and the numbers of the lines that are damaged.

    Raises
    ------
    UnreadableFile : the log is there and cannot be read.
    """
    try:
        lines = log_path(home).read_bytes().split(b"\n")
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        raise UnreadableFile(
            f"The drift log cannot be read: {error.strerror or type(error).__name__}.",
            "Enhancing goes on; drift is not shown.",
            f"Check {log_path(home)}.",
        ) from error
    uses: list[Use] = []
    damaged: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
            if RESTART in content:
                again = tuple(content[RESTART])
                uses = [use for use in uses if use.group != again]
            else:
                uses.append(_use(content))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            damaged.append(number)
    return tuple(uses), tuple(damaged)


def _use(content: Any) -> Use:
    """Return a record from its JSON object.

    Raises ValueError, TypeError, KeyError or OverflowError where it is none.

    Names that this version does not know are left out, and one that an earlier version did not
    write is as it was then.
    """
    known = {
        part.name: content[part.name]
        for part in fields(Use)
        if part.name in content or part.default is MISSING
    }
    for name, value in known.items():
        wanted = _KINDS.get(name, (str,))
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise TypeError(f"{name} is of another kind")
        if isinstance(value, _FIGURE) and not math.isfinite(value):  # a whole one may be too large
            raise ValueError(f"{name} is not finite")
    gates = tuple((str(name), str(verdict)) for name, verdict in known.get("gates", ()))
    return Use(**{**known, "gates": gates})


_FIGURE = (int, float)
_MAYBE = (int, float, type(None))
_KINDS: dict[str, tuple[type, ...]] = {
    "strength": _FIGURE,
    "structure": _FIGURE,
    "thickness_mm": _MAYBE,
    "noise_sd": _MAYBE,
    "noise_sd_out": _MAYBE,
    "noise_sd_full": _MAYBE,
    "nps_per_mm": _MAYBE,
    "nps_out_per_mm": _MAYBE,
    "gates": (list,),
}
