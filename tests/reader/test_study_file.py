"""Study files: what is right reads back, what is wrong is named with line, rule and remedy."""

from pathlib import Path

import pytest

from tests.reader.study_texts import protocol_of, study_text
from viewer.core.errors import InvalidProtocol, UnreadableFile
from viewer.core.places import data_folder
from viewer.reader.protocol import DesignKind, QuestionKind
from viewer.reader.study_file import Fault, parsed, protocol_id, read_study_file, study_json

LESION = 'lesions = [{ id = "L", centre_mm = [0, 0, 0], radius_mm = 5 }]'
ILL = f'truth = "abnormal"\n{LESION}\n'
CASES = "\n".join(
    f'[[cases]]\nid = "C{n}"\npath = "c{n}"\n' + (ILL if n < 4 else 'truth = "normal"\n')
    for n in range(1, 9)
)
CHOICE = """
[[questions]]
id = "which"
kind = "2afc"
text = "Which?"
is_per_arm = false
choices = [{ value = -1, text = "A" }, { value = 1, text = "B" }]
"""
ENDPOINT = '[[analysis.endpoints]]\narm = "Q"\ncontrol = "P"\n'


def faults(text: str, *, is_json: bool = False) -> tuple[Fault, ...]:
    protocol, found = parsed(text, is_json=is_json)
    assert (protocol is None) == bool(found)
    return found


def only_fault(text: str) -> tuple[Fault, str]:
    (fault,) = faults(text)
    return fault, text.splitlines()[fault.line - 1]


@pytest.mark.parametrize("name", ["likert", "preference", "detection"])
def test_templates_are_right_once_they_have_cases(name: str):
    text = (data_folder("resources") / "studies" / f"{name}.toml").read_text(encoding="utf-8")
    assert faults(text + CASES) == ()


@pytest.mark.parametrize(
    "kind", [kind.value for kind in DesignKind if kind is not DesignKind.SEARCH]
)
def test_a_protocol_written_as_json_reads_back_as_the_same_protocol(kind: str):
    extra = 'strata = { vendor = "A", age = "60-70" }\nwindow = [40, 400]'
    text = study_text(kind, extra=CHOICE if kind == "2afc" else "")
    text = text.replace('path = "c1"', f'path = "c1"\n{extra}')
    protocol = protocol_of(text)
    again, found = parsed(study_json(protocol), is_json=True)
    assert found == ()
    assert again == protocol
    assert protocol_id(again) == protocol_id(protocol)


def test_the_protocol_id_changes_with_one_letter():
    text = study_text()
    changed = text.replace("How good is it?", "How good is it")
    assert protocol_id(protocol_of(text)) != protocol_id(protocol_of(changed))


def test_plain_words_get_ascending_values():
    (question,) = protocol_of(study_text()).questions
    assert question.kind is QuestionKind.LIKERT
    assert [(one.value, one.text) for one in question.choices] == [
        (1, "bad"),
        (2, "fair"),
        (3, "good"),
    ]


@pytest.mark.parametrize(
    ("change", "line", "rule", "remedy"),
    [
        (('kind = "likert"', 'kind = "likard"'), 'kind = "likard"', "none of what", "likert"),
        (('code = "Q"', 'code = "Q 1"'), 'code = "Q 1"', "no code", "letters"),
        (
            ('name = "enhanced"', 'nome = "x"\nname = "enhanced"'),
            'nome = "x"',
            "no nome",
            "strength",
        ),
        (('path = "c2"', 'path = "c2"\ntruth = "ill"'), 'truth = "ill"', "none of", "abnormal"),
        (('id = "C2"', 'id = "C1"'), 'id = "C1"', "2 times", "its own"),
        (('text = "How good is it?"', ""), "[[questions]]", "text is missing", "Add"),
        (("schema_version = 1", "schema_version = 9"), "schema_version = 9", "not known", "1"),
    ],
)
def test_a_fault_names_its_line_its_rule_and_the_remedy(
    change: tuple[str, str], line: str, rule: str, remedy: str
):
    fault, shown = only_fault(study_text().replace(*change))
    assert line in shown
    assert rule in fault.rule
    assert remedy in fault.remedy


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        ('[[analysis.endpoints]]\nmeasure = "quality"\narm = "Z"\ncontrol = "P"', "no arm 'Z'"),
        ('[[analysis.endpoints]]\nmeasure = "x"\narm = "Q"\ncontrol = "P"', "no question"),
        ('[[analysis.endpoints]]\nmeasure = "quality"\narm = "Q"\ncontrol = "Q"', "with itself"),
        (
            '[[analysis.endpoints]]\nmeasure = "quality"\narm = "Q"\ncontrol = "P"\n'
            'kind = "non_inferiority"',
            "needs a margin",
        ),
        (
            '[[questions]]\nid = "why"\nkind = "text"\ntext = "Why?"\n'
            'show_if = { question = "later", values = [1] }',
            "No earlier question",
        ),
        ('[[questions]]\nid = "s"\nkind = "likert"\ntext = "S?"', "has choices"),
        (
            '[[questions]]\nid = "p"\nkind = "preference"\ntext = "P?"\nis_per_arm = false\n'
            'choices = [{ value = -1, text = "A" }, { value = 1, text = "B" }]',
            "compares two images",
        ),
    ],
)
def test_a_rule_between_parts_is_held(extra: str, rule: str):
    found = faults(study_text(extra=extra))
    assert any(rule in fault.rule for fault in found)
    assert all(fault.remedy for fault in found)


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        (ENDPOINT + 'measure = "wafroc"', "no question asks for them"),
        (ENDPOINT + 'measure = "sensitivity"', "least answer that counts as positive"),
        (
            ENDPOINT + 'measure = "why"\n[[questions]]\nid = "why"\nkind = "text"\ntext = "?"',
            "kind text gives no number",
        ),
        (
            ENDPOINT + 'measure = "auc"\n[[questions]]\nid = "size"\nkind = "number"\ntext = "?"',
            "2 questions could be it",
        ),
        ('[analysis]\nscore = "size"', "'size' is no question"),
        ('[analysis]\nsubgroups = ["vendor"]', "No case says its vendor"),
        (
            '[[questions]]\nid = "s"\nkind = "visual_analogue"\ntext = "?"',
            "words at both ends",
        ),
        (
            '[[questions]]\nid = "why"\nkind = "text"\ntext = "?"\n'
            'show_if = { question = "quality", values = [3, 4] }',
            "quality can never be 4",
        ),
        ('[[arms]]\ncode = "R"\nname = "twin"\nmethod = "gaussian"', "same images as Q"),
        ("[randomisation]\nseed = 'x'", "This is not TOML"),
    ],
)
def test_what_could_not_be_shown_or_analysed_is_refused_before_it_is_locked(extra: str, rule: str):
    text = study_text(cases=0) + CASES
    assert faults(text) == ()
    found = faults(f"{text}\n{extra}\n")
    assert any(rule in fault.rule for fault in found), found
    assert all(fault.remedy for fault in found)


def test_a_score_and_a_threshold_in_the_plan_make_an_endpoint_of_detection_right():
    more = '[[questions]]\nid = "size"\nkind = "number"\ntext = "?"\n'
    plan = '[analysis]\nscore = "quality"\nthreshold = 2\n'
    text = study_text(cases=0) + CASES + more + plan + ENDPOINT + 'measure = "specificity"'
    assert faults(text) == ()


@pytest.mark.parametrize(("truth", "count"), [("normal", 0), ("abnormal", 1)])
def test_a_figure_of_merit_needs_normal_and_abnormal_cases(truth: str, count: int):
    others = {"normal": "abnormal", "abnormal": "normal"}
    truths = [truth] * count + [others[truth]] * 4
    cases = "\n".join(
        f'[[cases]]\nid = "C{n}"\npath = "c"\ntruth = "{one}"' for n, one in enumerate(truths)
    )
    (fault,) = faults(f'{study_text(cases=0)}{cases}\n{ENDPOINT}measure = "auc"\n')
    assert f"{count} to be read" in fault.rule
    assert truth in fault.remedy


def test_an_abnormal_case_without_lesions_cannot_have_its_marks_judged():
    marks = '[[questions]]\nid = "m"\nkind = "marks"\ntext = "?"\nchoices = ["low", "high"]\n'
    text = study_text("froc", 0) + CASES.replace(LESION, "", 1) + marks
    (fault,) = faults(f'{text}{ENDPOINT}measure = "wafroc"\n')
    assert fault.place == "cases[1]"
    assert "needs its lesions" in fault.rule


def test_figures_of_one_lesion_a_case_are_refused_where_a_case_has_two():
    marks = '[[questions]]\nid = "m"\nkind = "marks"\ntext = "?"\nchoices = ["low", "high"]\n'
    text = study_text("froc", 0) + CASES + marks + ENDPOINT + 'measure = "alroc"\n'
    assert faults(text) == ()
    second = LESION[:-1] + LESION[LESION.index("{") :].replace("{", ", {").replace('"L"', '"M"')
    (fault,) = faults(text.replace(LESION, second, 1))
    assert "one lesion in each abnormal case" in fault.rule


def test_a_preference_cannot_be_planned_with_a_margin():
    text = study_text("2afc", extra=CHOICE) + ENDPOINT
    ask = 'measure = "which"\n'
    assert faults(text + ask) == ()
    (fault,) = faults(text + ask + 'kind = "non_inferiority"\nmargin = 0.1\n')
    assert "superiority or nothing" in fault.rule


def test_a_forced_choice_needs_a_question_with_choices():
    (fault,) = faults(study_text("2afc"))
    assert "no question that asks" in fault.rule
    without = CHOICE[: CHOICE.index("choices")]
    (fault,) = faults(study_text("2afc", extra=without))
    assert "has choices" in fault.rule


def test_a_window_without_width_and_a_version_without_a_reason_are_refused():
    text = study_text().replace('path = "c2"', 'path = "c2"\nwindow = [40, 0]')
    found = faults(text.replace("schema_version = 1", "schema_version = 1\nversion = 2"))
    assert {fault.place for fault in found} == {"cases[2].window", "version"}


def test_a_key_that_stands_twice_in_json_is_named_with_its_line():
    text = study_json(protocol_of(study_text()))
    twice = text.replace('"seed": "seed"', '"seed": "seed",\n"seed": "other"')
    (fault,) = faults(twice, is_json=True)
    assert (fault.place, fault.rule) == ("randomisation.seed", "This key stands twice.")
    assert twice.splitlines()[fault.line - 1].strip() == '"seed": "other",'


def test_taking_the_label_off_needs_a_justification_and_a_reference():
    found = faults(study_text(extra='[blinding]\nai_label = "session_banner"'))
    places = {"blinding.justification", "blinding.reference", "study.consent"}
    assert {fault.place for fault in found} == places


def test_a_figure_of_merit_needs_the_truth_of_every_case():
    extra = '[[analysis.endpoints]]\nmeasure = "auc"\narm = "Q"\ncontrol = "P"'
    found = faults(study_text(cases=3, extra=extra))
    assert [fault.place for fault in found] == ["cases[1]", "cases[2]", "cases[3]"]


def test_all_faults_are_told_at_once_in_the_order_of_lines(tmp_path: Path):
    text = study_text().replace('name = "original"', "").replace('kind = "likert"', 'kind = "x"')
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(InvalidProtocol) as caught:
        read_study_file(path)
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == 2
    assert all(line.startswith("study.toml, line ") for line in lines)


@pytest.mark.parametrize(
    ("text", "is_json"), [("[study\n", False), ('{"a": 1,\n "b" }', True), ("", True)]
)
def test_what_is_no_toml_or_json_is_said_with_its_line(text: str, is_json: bool):
    (fault,) = faults(text, is_json=is_json)
    assert "This is not" in fault.rule
    assert 1 <= fault.line <= 3


def test_json_faults_have_their_line():
    text = study_json(protocol_of(study_text())).replace('"gap_trials": 1', '"gap_trials": -1')
    (fault,) = faults(text, is_json=True)
    assert '"gap_trials": -1' in text.splitlines()[fault.line - 1]


def test_strings_with_brackets_and_hashes_move_no_line():
    text = study_text().replace('title = "Small"', 'title = "a [b] # {c"\nphase = """x\n[y]\n"""')
    fault, shown = only_fault(text.replace('code = "Q"', "code = 3"))
    assert shown == "code = 3"
    assert fault.place == "arms[2].code"


def test_a_file_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(UnreadableFile, match=r"nowhere\.toml"):
        read_study_file(tmp_path / "nowhere.toml")


def test_a_number_without_end_is_named():
    fault, shown = only_fault(study_text(extra="[analysis]\nthreshold = inf"))
    assert shown == "threshold = inf"
    assert "no finite number" in fault.rule


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path):
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + study_text().encode())
    assert read_study_file(path).study.title == "Small"
