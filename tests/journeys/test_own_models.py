"""A reader's own models and comparators in the window: chosen, marked, stopped, listed."""

from pathlib import Path

import pytest

from tests.enhancement import toys
from tests.journeys.hands import Hands
from tests.journeys.noisy import write_noisy_ct
from tests.journeys.test_settings import change
from viewer.app.cataloguing import add_model
from viewer.ui import dialogs, inspector


def opened(hands: Hands, tmp_path: Path) -> None:
    write_noisy_ct(tmp_path / "study")
    hands.open(tmp_path / "study")
    hands.session.enhancements.methods()
    hands.rest()


def offered(hands: Hands) -> list[str]:
    """The methods in the list of the inspector."""
    hands.window.inspector.show(inspector.ENHANCEMENT)
    hands.window.inspector.fill()
    chooser = hands.window.inspector.panel.enhancement_panel._method
    return [chooser.itemText(place) for place in range(chooser.count())]


def test_a_comparator_is_offered_in_research_mode_only_and_marked(
    hands: Hands, tmp_path: Path
) -> None:
    add_model(toys.write_toy(tmp_path, toys.honest(), name="Rival", status="research"))
    opened(hands, tmp_path)
    assert not [words for words in offered(hands) if "Rival" in words]
    change(hands, "enhancement.research", True)
    assert [words for words in offered(hands) if words.startswith("Rival (research)")]
    hands.window.enhance("toy", 0.4)
    hands.rest()
    label = hands.viewport(1).picture().pixels.label
    assert label is not None
    assert label.title == "AI-ENHANCED"
    assert label.advice == "research model: not for reading"
    change(hands, "enhancement.research", False)
    assert not [words for words in offered(hands) if "Rival" in words]


def test_a_comparator_that_is_named_without_research_mode_is_refused_in_words(
    hands: Hands, tmp_path: Path
) -> None:
    add_model(toys.write_toy(tmp_path, toys.honest(), status="research"))
    opened(hands, tmp_path)
    hands.window.enhance("toy", 0.4)
    hands.rest()
    assert any("research mode is off" in words for words in hands.messages)


def test_a_model_that_hangs_is_stopped_by_the_reader_and_others_run(
    hands: Hands, tmp_path: Path
) -> None:
    add_model(toys.write_toy(tmp_path, toys.hangs_on_large()))
    opened(hands, tmp_path)
    hands.window.enhance("toy", 0.4)
    runners = hands.session.enhancements.engine._runners
    hands.wait(lambda: bool(runners))
    hands.run("enhance.cancel")
    hands.rest()
    hands.window.enhance("gaussian", 0.4)
    hands.rest()
    label = hands.viewport(1).picture().pixels.label
    assert label is not None
    assert label.title == "FILTERED"
    assert not [words for words in hands.messages if "unexpected" in words]


def test_the_page_of_models_names_each_with_its_state_and_limits(
    hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(toys.write_toy(tmp_path, toys.honest(), name="Mine *bold*"))
    pages: list[str] = []
    monkeypatch.setattr(dialogs, "show_text", lambda *given: pages.append(given[-1]))
    hands.run("enhance.models")
    hands.rest()
    (page,) = pages
    assert "Research mode is **off**" in page
    assert r"**toy**: added by you; not judged by Diptych; weights verified, checks passed" in page
    assert r"## Mine \*bold\* 1" in page
    assert "a toy\\: it was trained on nothing" in page
    assert r"comes with Diptych; for reading beside the original; weights verified" in page
