"""Rules that say which series are enhanced ahead, before the reader asks for them.

A rule is one line of the settings in the form of TOML, such as
``modality = "CT", description = "*thorax*", method = "ct-denoise-s", strength = 0.4``.
"""

import tomllib
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from viewer.app.messages import Message, warning
from viewer.core.study import Series, SeriesPart, Study

EXAMPLE = 'modality = "CT", slices = 20, method = "ct-denoise-s", strength = 0.4'


@dataclass(frozen=True, slots=True)
class Rule:
    """Which series are enhanced ahead, and how. What is left out fits every series.

    `description` and `body_part` are patterns with * and ?, in any case of letters; `ages` is the
    youngest and the oldest patient in years (a patient of unknown age does not fit); `slices` the
    fewest. `folder` is where the result is stored as DICOM, in a folder of its own; "" keeps it in
    memory alone.
    """

    method: str
    strength: float = 0.4
    modality: str = ""
    description: str = "*"
    body_part: str = "*"
    ages: tuple[float, float] | None = None
    slices: int = 2
    folder: str = ""

    def fits(self, study: Study, series: Series, part: SeriesPart) -> bool:
        """Return whether a part of a series is one that the rule is for."""
        is_kind = part.is_scan and len(part.sources) >= self.slices
        is_acquired = not any(source.instance.is_ai for source in part.sources)
        modality = series.modality or next((s.instance.modality for s in part.sources), "")
        return (
            is_kind
            and is_acquired
            and self.modality.upper() in ("", modality.upper())
            and fnmatchcase(series.description.lower(), self.description.lower())
            and fnmatchcase(series.body_part.lower(), self.body_part.lower())
            and self._fits_age(study)
        )

    def _fits_age(self, study: Study) -> bool:
        from viewer.enhancement.checks import age_years

        if self.ages is None:
            return True
        age = age_years(study)
        return age is not None and self.ages[0] <= age <= self.ages[1]


def read_rules(lines: Collection[str]) -> tuple[tuple[Rule, ...], tuple[Message, ...]]:
    """Return the rules in some lines, and for each line that is none a message with the remedy."""
    rules: list[Rule] = []
    problems: list[Message] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            rules.append(_rule(line))
        except ValueError as error:
            problems.append(
                warning(
                    f"Rule {number} for enhancing ahead is left out: {error}.",
                    "The other rules are used.",
                    f"Mend it in the preferences, page Enhance ahead. An example: {EXAMPLE}",
                )
            )
    return tuple(rules), tuple(problems)


def _rule(line: str) -> Rule:
    """Return the rule in a line; ValueError with words where it makes no sense."""
    try:
        content: dict[str, Any] = tomllib.loads(f"rule = {{{line.strip().strip(',')}}}")["rule"]
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError('it is not written as name = value, name = "word"') from error
    known = [part.name for part in fields(Rule)]
    if unknown := sorted(content.keys() - set(known)):
        raise ValueError(f"{unknown[0]} is unknown; it may say {', '.join(known)}")
    if "method" not in content:
        raise ValueError("it names no method")
    return Rule(**{name: _CHECKS[name](name, value) for name, value in content.items()})


def _words(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be words in quotes")  # noqa: TRY004 - the line is at fault
    return value


def _strength(name: str, value: Any) -> float:
    if not _is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number from 0 to 1, 0.4 for 40 %")
    return float(value)


def _slices(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number from 1")
    return value


def _ages(name: str, value: Any) -> tuple[float, float]:
    is_pair = isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))
    if not is_pair or not 0 <= value[0] <= value[1]:
        raise ValueError(f"{name} must be two ages in years, such as [18, 120]")
    return (float(value[0]), float(value[1]))


def _folder(name: str, value: Any) -> str:
    words = _words(name, value)
    if not words:
        return ""
    try:
        folder = Path(words).expanduser()
    except RuntimeError as error:  # ~name of somebody whom this machine does not know
        raise ValueError(f"{name} lies in the home of somebody who has none here") from error
    if not folder.is_absolute():
        raise ValueError(f"{name} must be a whole path, such as /data/enhanced")
    return str(folder)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "method": _words,
    "strength": _strength,
    "modality": _words,
    "description": _words,
    "body_part": _words,
    "ages": _ages,
    "slices": _slices,
    "folder": _folder,
}
