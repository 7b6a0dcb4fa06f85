"""Which questions a trial asks: of each image or of the pair, and under what condition."""

from viewer.reader.asked import missing, places_of
from viewer.reader.protocol import Choice, Condition, Question, QuestionKind
from viewer.reader.trials import Answer

POINTS = (Choice(1.0, "yes"), Choice(0.0, "no"))
SEEN = Question("seen", QuestionKind.CHOICE, "Lesion?", POINTS)
SURE = Question("sure", QuestionKind.CHOICE, "Sure?", POINTS, show_if=Condition("seen", (1.0,)))
WHY = Question("why", QuestionKind.TEXT, "Why?", show_if=Condition("sure", (0.0,)))
BEST = Question("best", QuestionKind.CHOICE, "Best?", POINTS, is_per_arm=False)
FORM = (SEEN, SURE, WHY, BEST)
PAIR = ("A", "B")


def test_a_question_of_each_image_is_asked_twice_of_a_pair_and_once_of_a_single_image():
    assert places_of(SEEN, PAIR) == (("seen", "A"), ("seen", "B"))
    assert places_of(SEEN, ("A",)) == (("seen", ""),)
    assert places_of(BEST, PAIR) == (("best", ""),)


def test_a_condition_holds_for_its_own_image():
    answers = (Answer("seen", "A", 1.0), Answer("seen", "B", 0.0), Answer("best", "", 1.0))
    assert missing(FORM, PAIR, answers) == (("sure", "A"),)


def test_a_question_behind_a_hidden_one_is_hidden():
    answers = (
        Answer("seen", "A", 0.0),
        Answer("sure", "A", 0.0),
        Answer("seen", "B", 1.0),
        Answer("sure", "B", 0.0),
        Answer("best", "", 1.0),
    )
    assert missing(FORM, PAIR, answers) == (("why", "B"),)


def test_an_empty_answer_is_enough_for_marks_and_for_nothing_else():
    marks = Question("marks", QuestionKind.MARKS, "Where?", is_per_arm=False)
    told = (Answer("marks", "", is_empty=True), Answer("best", "", is_empty=True))
    assert missing((marks, BEST), PAIR, told) == (("best", ""),)


def test_an_optional_question_is_never_missing():
    optional = Question("note", QuestionKind.TEXT, "Anything?", is_required=False)
    assert missing((optional,), PAIR, ()) == ()
