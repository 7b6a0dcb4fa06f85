"""The models that are there: listing, showing, verifying and adding them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from viewer.app.settings import load_settings
from viewer.app.spreading import coverage_words
from viewer.core.errors import UnfitModel, UnknownMethod, WrongUsage
from viewer.core.places import data_folder, own_models_folder
from viewer.enhancement.card_rules import ANY_UNIT
from viewer.enhancement.catalogue import Catalogue, read_catalogue
from viewer.enhancement.method import Method
from viewer.enhancement.model_card import CARD, ModelCard, Span, read_card
from viewer.enhancement.verifying import (
    Verification,
    keep,
    kept_verification,
    verification,
)
from viewer.enhancement.weights_file import WeightsState, trusted_weights, weights_state
from viewer.io.safely import new_folder, write_bytes

Plain = dict[str, object]


def known_models(*, is_research: bool = False) -> Catalogue:
    """Return the shipped models and the user's; comparators where asked for or set so."""
    is_on = is_research_on(is_asked=is_research)
    return read_catalogue(data_folder("models"), own_models_folder(), is_research=is_on)


def is_research_on(*, is_asked: bool = False) -> bool:
    """Return whether research mode is on: asked for, or set in the settings."""
    return is_asked or load_settings()[0].enhancement.research


def list_models() -> tuple[Plain, ...]:
    """Return every method, comparators too, with the state of the weights and of the checks."""
    catalogue = known_models(is_research=True)
    rows = [_row(catalogue, method) for method in catalogue.methods()]
    rows += [{"id": name, "problem": reason} for name, reason in catalogue.problems]
    return tuple(rows)


def is_usable(row: Plain) -> bool:
    """True for a method of the list with which nothing is wrong, as far as is known."""
    is_whole = row.get("weights") in ("", WeightsState.VERIFIED.value)
    return is_whole and not row.get("problem") and not str(row.get("checks")).startswith("failed")


def _row(catalogue: Catalogue, method: Method) -> Plain:
    card = catalogue.card(method.id)
    row: Plain = {
        "id": method.id,
        "name": method.name,
        "kind": method.kind.value,
        "version": method.version,
        "purpose": method.purpose,
        "weights": weights_words(card) if card is not None else "",
        "weights_sha256": method.weights_sha256,
    }
    if card is not None:
        row |= {"status": card.status, "origin": _origin(card), "checks": checks_words(card)}
    return row


def _origin(card: ModelCard) -> str:
    return "yours" if card.is_added else "shipped"


def weights_words(card: ModelCard) -> str:
    """Return the worst state of a model's files of weights, in words."""
    states = [weights_state(weights) for weights in card.files]
    return next((s for s in states if s is not WeightsState.VERIFIED), WeightsState.VERIFIED).value


def checks_words(card: ModelCard) -> str:
    """Return what is known of a model's checks: only those of added models are kept."""
    if not card.is_added:
        return ""
    found = kept_verification(card)
    if found is None:
        return "not checked yet"
    return "passed" if found.is_passed else f"failed: {found.problem}"


def are_models_verified() -> bool:
    """True when every shipped model has the weights that its card names."""
    catalogue = read_catalogue(data_folder("models"))
    is_verified = all(weights_words(card) == "verified" for card in catalogue.cards)
    return bool(catalogue.cards) and is_verified and not catalogue.problems


def show_model(model_id: str) -> Plain:
    """Return all that is known of one method.

    Raises
    ------
    UnknownMethod : none has this name.
    """
    catalogue = known_models(is_research=True)
    method = catalogue.method(model_id)
    card = catalogue.card(model_id)
    row = _row(catalogue, method)
    if card is None:
        return row
    found = kept_verification(card) if card.is_added else None
    return {
        **row,
        "folder": str(card.path.parent),
        "operation": method.operation,
        "bound": bound_words(card),
        "gates": dict(gate_words(card)),
        "spread": coverage_words(card.spread) if card.spread is not None else "",
        "limits": list(card.limits),
        "cautions": list(card.cautions),
        "notes": list(found.notes) if found else [],
        "training": dict(card.training),
        "figures": dict(card.metrics),
    }


def shown_models() -> tuple[Plain, ...]:
    """Return all that is known of every model, and what is wrong with those that cannot be used."""
    catalogue = known_models(is_research=True)
    rows = [show_model(card.method.id) for card in catalogue.cards]
    rows += [{"id": name, "problem": reason} for name, reason in catalogue.problems]
    return tuple(rows)


def bound_words(card: ModelCard) -> str:
    """Return what keeps a model's changes within bounds."""
    if card.is_added:
        return f"at most {card.bound_sd:g} noise SD, set by Diptych outside the network"
    return "set inside the network"


def gate_words(card: ModelCard) -> tuple[tuple[str, str], ...]:
    """Return what a series must be for the model to run, as (name, words)."""
    wanted = card.input
    spans = (
        ("pixel size", wanted.spacing_mm, "mm"),
        ("slice thickness", wanted.slice_thickness_mm, "mm"),
        ("measured noise", wanted.noise_sd, wanted.unit),
        ("signal over noise", wanted.snr, ""),
        ("noise frequency", wanted.noise_frequency_per_mm, "per mm"),
        ("noise frequency in pixels", wanted.gated_frequency_per_pixel, "per pixel"),
        ("tube voltage", wanted.kvp, "kV"),
        ("age", Span(wanted.age_years_min) if wanted.age_years_min else Span(), "years"),
    )
    return (
        ("modality", wanted.modality),
        ("unit", wanted.unit or ANY_UNIT),
        *((name, _span_words(span, unit)) for name, span, unit in spans if span.is_limited),
    )


def _span_words(span: Span, unit: str) -> str:
    if span.high == float("inf"):
        return f"{span.low:g} {unit} and above"
    return f"{span.low:g} to {span.high:g} {unit}".strip()


def verify_models(model_ids: Iterable[str] = ()) -> tuple[Plain, ...]:
    """Check and try models, by default all, and keep what was found of those that were added.

    Raises
    ------
    UnknownMethod : there is no model of this name.
    """
    catalogue = known_models(is_research=True)
    chosen = tuple(dict.fromkeys(model_ids))
    for name in chosen:
        catalogue.method(name)
        if catalogue.card(name) is None:
            raise UnknownMethod(f'"{name}" is a filter: it has no weights to verify.')
    cards = [card for card in catalogue.cards if not chosen or card.method.id in chosen]
    rows = [_verified(card) for card in cards]
    if not chosen:
        rows += [{"id": name, "problem": reason} for name, reason in catalogue.problems]
    return tuple(rows)


def _verified(card: ModelCard) -> Plain:
    found = verification(card)
    if card.is_added:
        keep(card, found)
    return _found_row(card, found)


def _found_row(card: ModelCard, found: Verification) -> Plain:
    return {
        "id": card.method.id,
        "origin": _origin(card),
        "problem": found.problem,
        "notes": list(found.notes),
        "runtime": found.runtime,
    }


def add_model(folder: Path) -> Plain:
    """Copy a model into the user's folder once everything about it has been checked there.

    The card and the files of weights that it names are copied, nothing else. Where anything fails,
    nothing is left behind.

    Raises
    ------
    BadCard, UntrustedWeights, UnfitModel : the model cannot be used; in words.
    WrongUsage : its id is taken, or the folder holds no model.
    NotSaved : the user's folder cannot be written.
    """
    source = folder / CARD
    if not source.is_file():
        raise WrongUsage(
            f"There is no {CARD} in {folder}.",
            "A model is a folder with a card and its weights.",
            "models/README.md describes it.",
        )
    card = read_card(source, is_added=True)
    name = card.method.id
    target = own_models_folder() / name
    if known_models().is_taken(name) or target.exists():
        raise WrongUsage(
            f'A method called "{name}" is there already.',
            "Nothing was added; no model is ever replaced.",
            "Give the model another id, and its weights another folder.",
        )
    with new_folder(target, "The model") as made:
        write_bytes(made / CARD, source.read_bytes())
        for weights in card.files:
            write_bytes(made / weights.path.name, trusted_weights(weights))
        copy = read_card(made / CARD, is_added=True)
        found = verification(copy)
        if found.problem:
            do = "Correct the model and add it again."
            raise UnfitModel(f'The model "{name}" was not added.', found.problem, do)
        keep(copy, found)
    return {**_found_row(card, found), "folder": str(target)}


# ------------------------------------------------------------------------------ in words


def list_lines(rows: Iterable[Plain]) -> list[str]:
    """Return the list for a terminal."""
    lines = []
    for row in rows:
        marks = [row.get("weights"), row.get("checks")]
        marks += ["yours"] * (row.get("origin") == "yours")
        marks += ["research"] * (row.get("status") == "research")
        words = "".join(f"  [{mark}]" for mark in marks if mark)
        lines.append(f"{row['id']:<16} {row.get('kind', ''):<7} {row.get('purpose', '')}{words}")
        if row.get("problem"):
            lines.append(f"  {row['problem']}")
    return lines


def verify_lines(rows: Iterable[Plain]) -> list[str]:
    """Return what was found, for a terminal."""
    lines = []
    for row in rows:
        lines.append(f"{row['id']:<16} {row['problem'] or 'passed'}")
        lines += [f"  note: {note}" for note in cast("list[str]", row.get("notes", []))]
        lines += [f"  added: {row[name]}" for name in ("folder",) if name in row]
    return lines


_HEAD = (
    "name",
    "version",
    "purpose",
    "status",
    "origin",
    "weights",
    "checks",
    "bound",
    "spread",
    "folder",
)


def show_lines(facts: Plain) -> list[str]:
    """Return all that is known of a model, for a terminal."""
    lines = [str(facts["id"])]
    lines += [f"  {name}: {facts[name]}" for name in _HEAD if facts.get(name)]
    for title in ("gates", "limits", "cautions", "notes", "training", "figures"):
        value = facts.get(title)
        if not value:
            continue
        lines.append(f"{title}:")
        if isinstance(value, Mapping):
            lines += [f"  {name}: {words}" for name, words in value.items()]
        else:
            lines += [f"  - {words}" for words in cast("list[str]", value)]
    return lines
