"""What to look for in the index, as conditions with bound values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; empty fields match everything, the others must all match.

    Text matches anywhere, without regard to case; `date_from` and `date_to` are inclusive, as
    YYYYMMDD.
    """

    patient: str = ""
    patient_id: str = ""
    date_from: str = ""
    date_to: str = ""
    modality: str = ""
    description: str = ""


def conditions(search: Search) -> tuple[list[str], list[str]]:
    """Return SQL conditions with question marks, and the values for them."""
    of_series = "EXISTS (SELECT 1 FROM series WHERE series.study = study.id AND {})"
    by_words = of_series.format("instr(series.words, ?)")
    asked = (
        ("instr(study.folded_name, ?)", search.patient.casefold()),
        ("instr(study.folded_id, ?)", search.patient_id.casefold()),
        ("study.date >= ?", search.date_from),
        ("study.date <= ?", search.date_to),
        (of_series.format("series.modality = ?"), search.modality.upper()),
        (f"(instr(study.words, ?) OR {by_words})", search.description.casefold()),
    )
    terms, values = [], []
    for condition, value in asked:
        if value:
            terms.append(condition)
            values += [value] * condition.count("?")
    return terms, values
