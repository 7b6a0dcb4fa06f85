"""A study before it is locked: a file from a template, filled with cases, and checked."""

import json
import re
import tempfile
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from viewer.app.found_series import FoundSeries, found_series
from viewer.core.errors import WrongUsage
from viewer.core.places import data_folder
from viewer.io.safely import not_saved, write_bytes
from viewer.reader.protocol import Protocol
from viewer.reader.study_file import Fault, parsed, protocol_id, study_text

STRATA = ("vendor", "kernel", "region", "sex", "age")
"""What headers say of a case that subgroups are made of, where they say it."""


@dataclass(frozen=True, slots=True)
class Written:
    """A study file that was written, with the number of its cases."""

    path: Path
    cases: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A study file that was checked: what it describes, or what is wrong with it."""

    protocol: Protocol | None
    faults: tuple[Fault, ...]

    @property
    def facts(self) -> dict[str, object]:
        """The findings for machines."""
        protocol = self.protocol
        faults = [
            {"line": one.line, "place": one.place, "rule": one.rule, "remedy": one.remedy}
            for one in self.faults
        ]
        if protocol is None:
            return {"is_valid": False, "faults": faults}
        return {
            "is_valid": True,
            "faults": faults,
            "protocol_id": protocol_id(protocol),
            "title": protocol.study.title,
            "design": protocol.design.kind.value,
            "arms": [arm.code for arm in protocol.arms],
            "cases": len(protocol.trial_cases),
            "training_cases": len(protocol.cases) - len(protocol.trial_cases),
            "readers": [reader.code for reader in protocol.readers],
        }


def templates() -> tuple[str, ...]:
    """Return the names of the templates."""
    return tuple(
        sorted(path.stem for path in (data_folder("resources") / "studies").glob("*.toml"))
    )


def new_study(template: str, folder: Path, cases: tuple[Path, ...] = ()) -> Written:
    """Write a study file from a template into a folder, with the series below some paths as cases.

    Raises
    ------
    WrongUsage : no template is called so, or the folder has a study file.
    UnreadableFile : there is no series in one of the paths.
    NotSaved : the file cannot be written.
    """
    if template not in templates():
        raise WrongUsage(
            f"There is no template {template!r}.", "", f"Choose one of: {', '.join(templates())}."
        )
    path = folder / "study.toml"
    if path.exists():
        raise WrongUsage(f"{path} is there already.", "It was not touched.", "Name another folder.")
    source = data_folder("resources") / "studies" / f"{template}.toml"
    blocks = case_blocks(cases, folder)
    text = source.read_text(encoding="utf-8") + (_cases_text(blocks))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(path, text.encode())
    except OSError as error:
        raise not_saved("The study file", error) from error
    return Written(path, len(blocks))


def case_blocks(
    places: tuple[Path, ...], home: Path, known: Collection[str] = ()
) -> tuple[str, ...]:
    """Return a block of TOML for every series below some paths, under ids that are not known.

    Raises
    ------
    UnreadableFile : there is no series in one of the paths.
    """
    found = [(place.resolve(), one) for place in places for one in _series_below(place)]
    numbers = (number for number in count(1) if f"C{number:03d}" not in known)
    return tuple(
        _case_text(number, place, one, home.resolve())
        for number, (place, one) in zip(numbers, found, strict=False)
    )


def check_study(path: Path) -> Checked:
    """Return what a study file describes, or every fault in it.

    Raises
    ------
    UnreadableFile : it cannot be read.
    """
    return Checked(*parsed(study_text(path), is_json=path.suffix.lower() == ".json"))


def _series_below(place: Path) -> tuple[FoundSeries, ...]:
    with tempfile.TemporaryDirectory(prefix="diptych-study-") as unpacked:
        return found_series((place,), Path(unpacked))


def _cases_text(blocks: Sequence[str]) -> str:
    if blocks:
        return "\n" + "\n".join(blocks)
    return (
        "\n# One block for each case; paths are relative to this file.\n"
        '# [[cases]]\n# id = "C001"\n# path = "images/first"\n'
    )


def _case_text(number: int, place: Path, found: FoundSeries, home: Path) -> str:
    """Return the block of a case; its id tells nothing of the patient."""
    folders = {path.parent for path in found.paths}
    below = folders.pop() if len(folders) == 1 else place
    path = below if below.is_relative_to(place) else place
    facts = {**found.facts, "age": _decade(found.study.age)}
    strata = [
        f"{name} = {_quoted(str(facts[name]))}" for name in STRATA if str(facts.get(name) or "")
    ]
    lines = [
        "[[cases]]",
        f'id = "C{number:03d}"',
        f"path = {_quoted(_relative(path, home))}",
        f"series = {_quoted(found.series.uid)}",
        f'patient = "P{_patient(found):08x}"',
        *([f"strata = {{ {', '.join(strata)} }}"] if strata else []),
        f"# {re.sub(r'[^ -~]', '?', str(facts['series']))}, {facts['slices']} slices",
        "",
    ]
    return "\n".join(lines)


def _decade(age: str) -> str:
    """Return a patient's age (DICOM AS, such as 063Y) as a group; younger than 1 year is 0-9."""
    years = int(age[:3]) if re.fullmatch(r"\d{3}Y", age) else 0 if age else None
    return "" if years is None else f"{years // 10 * 10}-{years // 10 * 10 + 9}"


def _patient(found: FoundSeries) -> int:
    """Return a number that is the same for one patient's studies and names nobody."""
    return zlib.crc32(repr(found.study.key).encode())


def _relative(path: Path, home: Path) -> str:
    try:
        return path.relative_to(home).as_posix() or "."
    except ValueError:
        return path.as_posix()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
