"""The methods that are there: filters, and models read from cards with verified weights."""

from dataclasses import dataclass
from pathlib import Path

from viewer.core.errors import BadCard, UnknownMethod, WrongUsage
from viewer.enhancement.filters import filter_methods
from viewer.enhancement.method import Effect, Method
from viewer.enhancement.model_card import CARD, ModelCard, read_card
from viewer.enhancement.through_plane import FINER_CUBIC


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every method by id. `problems` names model folders whose card cannot be used, and why.

    Comparators are listed and can be named only where `is_research` is on.
    """

    cards: tuple[ModelCard, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    is_research: bool = False

    def methods(self) -> tuple[Method, ...]:
        """Return every method, models first, then filters; comparators in research mode only."""
        shown = (
            card.method for card in self.cards if self.is_research or not card.method.is_research
        )
        return (*shown, *built_in_methods())

    def method(self, method_id: str) -> Method:
        """Return the method of this id.

        Raises
        ------
        UnknownMethod : none has this name; the words list those that there are.
        WrongUsage : it is a research model, and research mode is off.
        """
        for method in self.methods():
            if method.id == method_id:
                return method
        if self.card(method_id) is not None:
            raise WrongUsage(
                f'"{method_id}" is a research model, and research mode is off.',
                "Comparators, and models that miss aims, are not for reading.",
                "Add --research, or turn on Research in the preferences under Enhancement.",
            )
        reasons = [reason for name, reason in self.problems if name == method_id]
        raise UnknownMethod(
            f'There is no enhancement method called "{method_id}".',
            reasons[0] if reasons else "",
            f"There are: {', '.join(method.id for method in self.methods())}.",
        )

    def card(self, method_id: str) -> ModelCard | None:
        """Return the card of a model, None for a filter."""
        return next((card for card in self.cards if card.method.id == method_id), None)

    def suited(self, wanted: str, modality: str) -> str:
        """Return the id of a method for a modality: the one wanted, or another denoiser for it.

        Models for reading come before comparators, those that came along before added ones. A
        filter that is wanted suits everything, and no other job is taken for denoising. Where
        nothing fits, the wanted one is returned.
        """
        card = self.card(wanted)
        is_denoiser = card is not None and card.method.effect is Effect.NOISE_CUT
        if card is None or not is_denoiser or card.input.takes(modality):
            return wanted
        fitting = [
            other
            for other in self.cards
            if other.method.effect is Effect.NOISE_CUT
            and other.input.takes(modality)
            and (self.is_research or not other.method.is_research)
        ]
        fitting.sort(key=lambda one: (one.method.is_research, one.is_added))
        return fitting[0].method.id if fitting else wanted

    def is_taken(self, method_id: str) -> bool:
        """True where a model, usable or not, or a method without a card has this id."""
        named = {card.method.id for card in self.cards} | {name for name, _ in self.problems}
        return method_id in named | {method.id for method in built_in_methods()}


def built_in_methods() -> tuple[Method, ...]:
    """Return the methods that need no card: the filters, and cubic finer slices."""
    return (*filter_methods(), FINER_CUBIC)


def read_catalogue(
    models: Path, own: Path | None = None, *, is_research: bool = False
) -> Catalogue:
    """Read every ``<id>/card.toml`` in a folder; a missing folder gives filters only.

    `own` holds the models that the user has added. One whose id is taken by a shipped model or a
    filter is a problem and is not used: nothing that came along can be replaced.
    """
    shipped = Catalogue(*_cards(models, is_added=False))
    cards, problems = _cards(own, is_added=True) if own is not None else ((), ())
    kept: list[ModelCard] = []
    for card in cards:
        name, folder = card.method.id, card.path.parent.name
        if shipped.is_taken(name):
            words = f'Another method is called "{name}" already; choose another id.'
            problems += ((folder, words),)
        elif name != folder:
            words = f'Its card says that it is called "{name}"; name the folder so.'
            problems += ((folder, words),)
        else:
            kept.append(card)
    return Catalogue((*shipped.cards, *kept), (*shipped.problems, *problems), is_research)


def _cards(
    folder: Path, *, is_added: bool
) -> tuple[tuple[ModelCard, ...], tuple[tuple[str, str], ...]]:
    """Return the cards in a folder, and what is wrong with those that cannot be used."""
    cards: list[ModelCard] = []
    problems: list[tuple[str, str]] = []
    for path in sorted(folder.glob(f"*/{CARD}")):
        if path.parent.name.startswith("."):  # a folder that is being made
            continue
        try:
            cards.append(read_card(path, is_added=is_added))
        except BadCard as error:
            problems.append((path.parent.name, str(error)))
    return tuple(cards), tuple(problems)
