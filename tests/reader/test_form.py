"""The form of a trial: which questions show, what keys do, and when the trial may be left."""

from viewer.reader.form import Form, begun, choose, erase, key_of, place_mark, press, write
from viewer.reader.protocol import Choice, Condition, Question, QuestionKind
from viewer.reader.trials import Answer, MarkPlaced

FIVE = tuple(Choice(float(value), f"anchor {value}") for value in range(1, 6))
SHARPNESS = Question("sharp", QuestionKind.LIKERT, "Sharpness", FIVE)
NOISE = Question("noise", QuestionKind.LIKERT, "Noise", FIVE)
PREFERENCE = Question(
    "better",
    QuestionKind.PREFERENCE,
    "Which is better?",
    tuple(Choice(float(value), f"{value}") for value in range(-2, 3)),
    is_per_arm=False,
)
WHY = Question(
    "why",
    QuestionKind.TEXT,
    "What disturbs?",
    is_required=False,
    show_if=Condition("sharp", (1.0, 2.0)),
)
LESIONS = Question("lesions", QuestionKind.MARKS, "Lesions", FIVE, most_marks=2)
FAINT = Question(
    "faint", QuestionKind.LIKERT, "How faint?", FIVE, show_if=Condition("noise", (5.0,))
)


def form(*questions: Question, positions: tuple[str, ...] = ()) -> Form:
    return begun(Form(questions, positions))


def pressed(start: Form, keys: str) -> Form:
    names = {"\n": "Enter", "<": "Back", "x": "Delete"}
    for key in keys:
        start = press(start, names.get(key, key)).form
    return start


def places(made: Form) -> list[tuple[str, str]]:
    return [row.place for row in made.rows]


def test_a_question_of_each_image_is_asked_once_for_every_position():
    made = form(SHARPNESS, PREFERENCE, positions=("A", "B"))
    assert places(made) == [("sharp", "A"), ("sharp", "B"), ("better", "")]


def test_a_single_image_is_asked_about_without_a_position():
    assert places(form(SHARPNESS, positions=("A",))) == [("sharp", "")]


def test_a_digit_answers_the_active_question_and_enter_goes_to_the_next():
    made = pressed(form(SHARPNESS, NOISE), "4\n2")
    assert made.answer(("sharp", "")) == Answer("sharp", value=4.0)
    assert made.answer(("noise", "")) == Answer("noise", value=2.0)
    assert press(made, "Enter").leaves == "next"


def test_a_second_digit_replaces_the_first():
    assert pressed(form(SHARPNESS), "42").answers == (Answer("sharp", value=2.0),)


def test_digits_of_a_scale_with_negative_values_count_from_one():
    assert [key_of(PREFERENCE, place) for place in range(5)] == list("12345")
    assert pressed(form(PREFERENCE), "5").answers == (Answer("better", value=2.0),)


def test_a_digit_without_a_choice_does_nothing():
    effect = press(form(SHARPNESS), "7")
    assert effect.answer is None
    assert effect.form == form(SHARPNESS)


def test_enter_stays_at_a_required_question_without_an_answer_and_says_so():
    effect = press(form(SHARPNESS, NOISE), "Enter")
    assert effect.form.active == ("sharp", "")
    assert "needs an answer" in effect.notice
    assert not effect.leaves


def test_back_goes_to_the_question_before_and_then_out_of_the_trial():
    made = pressed(form(SHARPNESS, NOISE), "4\n")
    effect = press(made, "Back")
    assert effect.form.active == ("sharp", "")
    assert press(effect.form, "Back").leaves == "back"


def test_a_question_shows_only_while_its_condition_holds():
    made = form(SHARPNESS, WHY)
    assert places(made) == [("sharp", "")]
    assert places(pressed(made, "2")) == [("sharp", ""), ("why", "")]
    assert places(pressed(made, "24")) == [("sharp", "")]


def test_a_condition_is_asked_of_the_same_image():
    made = pressed(form(SHARPNESS, WHY, positions=("A", "B")), "1\n4")
    assert ("why", "A") in places(made)
    assert ("why", "B") not in places(made)


def test_a_question_that_hangs_on_a_hidden_one_is_hidden_even_with_an_old_answer():
    hidden = Question(
        "noise", QuestionKind.LIKERT, "Noise", FIVE, show_if=Condition("sharp", (1.0,))
    )
    made = pressed(form(SHARPNESS, hidden, FAINT), "1\n5")
    assert ("faint", "") in places(made)
    made = choose(made, ("sharp", ""), 3.0).form
    assert places(made) == [("sharp", "")]


def test_required_questions_that_show_are_missing_until_answered():
    made = form(SHARPNESS, NOISE, WHY)
    assert [row.question.id for row in made.missing] == ["sharp", "noise"]
    assert pressed(made, "1\n2").is_complete


def test_no_answer_may_be_said_of_an_optional_question_only():
    assert press(form(SHARPNESS), "Delete").answer is None
    optional = Question("o", QuestionKind.LIKERT, "O", FIVE, is_required=False)
    assert press(form(optional), "Delete").answer == Answer("o", is_empty=True)


def test_several_choices_are_switched_on_and_off_one_by_one():
    many = Question("art", QuestionKind.CHOICES, "Artefacts", FIVE)
    made = pressed(form(many), "13")
    assert made.answers == (Answer("art", values=(1.0, 3.0)),)
    assert pressed(made, "13").missing


def test_a_number_outside_its_bounds_is_refused_with_the_bound():
    size = Question("mm", QuestionKind.NUMBER, "Size", least=0.0, most=50.0, unit="mm")
    assert write(form(size), ("mm", ""), "80").notice == "At most 50 mm."
    assert write(form(size), ("mm", ""), "twelve").answer is None
    assert write(form(size), ("mm", ""), "nan").answer is None
    assert write(form(size), ("mm", ""), "12,5").answer == Answer("mm", value=12.5)


def test_a_visual_analogue_scale_takes_tens_by_digit_and_ones_by_arrow():
    line = Question("vas", QuestionKind.ANALOGUE, "Quality", ends=("worst", "best"))
    made = pressed(form(line), "7")
    assert made.answers == (Answer("vas", value=70.0),)
    assert press(made, "Right").answer == Answer("vas", value=71.0)


def mark(name: str) -> MarkPlaced:
    return MarkPlaced(name, (1.0, 2.0, 3.0), 0.0)


def test_a_mark_is_stored_with_its_confidence_and_not_before():
    placed = place_mark(form(LESIONS), mark("m1"))
    assert placed.answer is None
    assert not placed.form.is_complete
    assert "confidence" in press(placed.form, "Enter").notice
    stored = press(placed.form, "4").answer
    assert stored is not None
    assert [(m.id, m.confidence) for m in stored.marks] == [("m1", 4.0)]


def test_marks_up_to_the_most_are_taken_and_the_one_in_hand_is_erased_by_delete():
    made = pressed(place_mark(form(LESIONS), mark("m1")).form, "4")
    made = pressed(place_mark(made, mark("m2")).form, "5")
    assert "At most 2" in place_mark(made, mark("m3")).notice
    assert made.mark == "m2"
    erased = press(made, "Delete").answer
    assert erased is not None
    assert [m.id for m in erased.marks] == ["m1"]


def test_a_mark_in_hand_takes_another_confidence():
    made = pressed(place_mark(form(LESIONS), mark("m1")).form, "42")
    assert [m.confidence for m in made.answers[0].marks] == [2.0]


def test_no_lesion_must_be_said_and_erasing_the_last_mark_says_it():
    made = form(LESIONS)
    assert press(made, "Enter").leaves == ""
    assert pressed(made, "x").is_complete
    marked = pressed(place_mark(made, mark("m1")).form, "4")
    answer = erase(marked, ("lesions", ""), "m1").answer
    assert answer == Answer("lesions", is_empty=True)


def test_a_mark_goes_to_the_image_it_was_placed_on():
    made = form(LESIONS, positions=("A", "B"))
    placed = place_mark(made, mark("m1"), "B")
    assert placed.form.active == ("lesions", "B")


def test_a_click_means_nothing_while_another_question_is_active():
    made = form(SHARPNESS, LESIONS)
    assert place_mark(made, mark("m1")).form == made


def test_a_form_that_is_taken_up_again_starts_at_its_first_open_question():
    made = begun(Form((SHARPNESS, NOISE), (), (Answer("sharp", value=3.0),)))
    assert made.active == ("noise", "")
