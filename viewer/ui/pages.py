"""Texts to read in the window, made of what the program knows, as Markdown."""

import re
import string
from collections.abc import Iterable, Mapping

from viewer.core.texts import printable

_STATES = {"ship": "for reading beside the original", "research": "comparator, not for reading"}


def verbatim(text: object) -> str:
    """Return a text from a disk as Markdown that shows it and obeys nothing in it."""
    return re.sub(f"([{re.escape(string.punctuation)}])", r"\\\1", printable(str(text)))


def models_page(models: Iterable[Mapping[str, object]], research: bool) -> str:
    """Return what is installed: each model with its state, gates, limits, cautions and figures.

    Parameters
    ----------
    models : as `cataloguing.show_model` gives them; one with a "problem" cannot be used.
    research : whether comparators are offered as methods.
    """
    known = tuple(models)
    head = (
        f"Research mode is **{'on' if research else 'off'}**. A model of your own is added with "
        "`diptych models add FOLDER`; filters are listed by `diptych models`."
    )
    overview = "\n".join(f"- {_in_short(model)}" for model in known)
    whole = [_problem(model) if model.get("problem") else _model(model) for model in known]
    return "\n\n---\n\n".join((f"{head}\n\n{overview}", *whole))


def _in_short(model: Mapping[str, object]) -> str:
    name = f"**{verbatim(model['id'])}**"
    return f"{name}: cannot be used" if model.get("problem") else f"{name}: {_state(model)}"


def _state(model: Mapping[str, object]) -> str:
    checks = f", checks {verbatim(model['checks'])}" if model.get("checks") else ""
    origin = "added by you" if model["origin"] == "yours" else "comes with Diptych"
    weights = f"weights {verbatim(model['weights'])}{checks}"
    purpose = _STATES[str(model["status"])]
    if model["origin"] == "yours" and model["status"] == "ship":
        purpose = "not judged by Diptych"
    return f"{origin}; {purpose}; {weights}"


def _problem(model: Mapping[str, object]) -> str:
    return f"## {verbatim(model['id'])}\n\nCannot be used. {verbatim(model['problem'])}"


def _model(model: Mapping[str, object]) -> str:
    lines = [
        f"## {verbatim(model['name'])} {verbatim(model['version'])}",
        verbatim(model["purpose"]),
        f"**{verbatim(model['id'])}**: {_state(model)}.",
        f"**Its changes** are bounded: {verbatim(model['bound'])}.",
        f"**Runs on** {_pairs(model['gates'])}.",
    ]
    told = [(title, model.get(title)) for title in ("notes", "cautions", "limits")]
    lines += [f"**{title.capitalize()}**\n\n{_list(texts)}" for title, texts in told if texts]
    lines.append(_own_figures(model) or "**Figures**: none on its card.")
    return "\n\n".join(line for line in lines if line)


def _pairs(facts: object) -> str:
    pairs = facts.items() if isinstance(facts, Mapping) else ()
    return ", ".join(f"{verbatim(name)} {verbatim(value)}" for name, value in pairs)


def _list(texts: object) -> str:
    return "\n".join(f"- {verbatim(text)}" for text in texts) if isinstance(texts, list) else ""


def _own_figures(model: Mapping[str, object]) -> str:
    """Return those figures of a card that are about the model itself, a paragraph a group."""
    figures = model["figures"] if isinstance(model["figures"], Mapping) else {}
    own = str(model["id"]).replace("-", "_")
    groups: dict[str, list[str]] = {}
    for name, value in figures.items():
        group, _, figure = str(name).rpartition(".")
        if not group or own in group:
            title = " ".join(group.replace(own, "").replace(".", " ").replace("_", " ").split())
            words = verbatim(figure.replace("_", " "))
            groups.setdefault(title, []).append(f"{words} **{verbatim(value)}**")
    return "\n\n".join(
        f"**Figures{', ' * bool(title)}{verbatim(title)}:** {', '.join(words)}"
        for title, words in groups.items()
    )
