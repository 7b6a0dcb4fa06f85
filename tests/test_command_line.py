"""The verbs without a window: what they print, what they write, and their exit codes."""

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from tests.builders import Acquisition, build_series, ct_series, uid, write
from tests.journeys.noisy import write_noisy_ct
from viewer.__main__ import DONE, FAILED, WARNED, WRONG_USAGE, main
from viewer.app.settings import Settings, save_settings
from viewer.options import evaluate_command, parser

MATRIX = Acquisition(rows=48, columns=64)


def enhance(source: Path, out: Path, *more: str) -> int:
    return main(["enhance", str(source), "--method", "gaussian", "--out", str(out), *more])


def test_enhance_writes_a_derived_series_and_says_how_strong_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ct_series(tmp_path / "source", 3, settings=MATRIX)
    assert enhance(tmp_path / "source", tmp_path / "out", "--strength", "0.3") in (DONE, WARNED)
    assert "3 files in" in capsys.readouterr().out
    written = sorted((tmp_path / "out").iterdir())
    assert len(written) == 3
    assert "FILTERED" in pydicom.dcmread(written[0]).ImageType
    assert main(["info", str(tmp_path / "out")]) == DONE
    assert "[FILTERED]" in capsys.readouterr().out


def test_enhance_tells_machines_every_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ct_series(tmp_path / "source", 3, settings=MATRIX)
    enhance(tmp_path / "source", tmp_path / "out", "--json")
    (result,) = json.loads(capsys.readouterr().out)
    known = dict(result["provenance"])
    assert len(result["files"]) == 3
    assert float(known["strength"]) == 0.4
    assert 0 <= float(known["blend"]) <= 1
    assert known["effect"]


def test_series_of_one_study_get_numbers_of_their_own(tmp_path: Path) -> None:
    study = uid("study")
    for name in ("a", "b"):
        ct_series(
            tmp_path / "source" / name,
            2,
            settings=MATRIX,
            StudyInstanceUID=study,
            SeriesInstanceUID=uid(f"series {name}"),
            SeriesNumber=3,
        )
    assert enhance(tmp_path / "source", tmp_path / "out") in (DONE, WARNED)
    files = [next(folder.iterdir()) for folder in sorted((tmp_path / "out").iterdir())]
    assert [int(pydicom.dcmread(file).SeriesNumber) for file in files] == [301, 302]


@pytest.mark.parametrize("strength", ["1.4", "40", "-0.1", "nan"])
def test_a_strength_that_is_no_fraction_is_wrong_usage_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], strength: str
) -> None:
    ct_series(tmp_path / "source", 2)
    out = tmp_path / "out"
    code = main(["enhance", str(tmp_path / "source"), f"--strength={strength}", "--out", str(out)])
    assert code == WRONG_USAGE
    assert "0.4 means 40 %" in capsys.readouterr().err
    assert not out.exists()


def test_an_unknown_method_is_wrong_usage_and_the_known_ones_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ct_series(tmp_path / "source", 2)
    words = ["enhance", str(tmp_path / "source"), "--method", "magic", "--out", str(tmp_path / "o")]
    assert main(words) == WRONG_USAGE
    told = capsys.readouterr().err
    assert "ct-denoise-s, " in told
    assert ", gaussian, " in told


def test_a_refused_series_is_a_failure_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ct_series(tmp_path / "source", 2, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    words = ["enhance", str(tmp_path / "source"), "--out", str(tmp_path / "out")]
    assert main(words) == FAILED
    assert "this is a localizer" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    assert enhance(tmp_path / "source", tmp_path / "out") == WARNED
    assert "caution: this is a localizer" in capsys.readouterr().out


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ct_series(tmp_path / "source", 2)
    assert enhance(tmp_path / "source", tmp_path / "source") == WRONG_USAGE
    assert "is not empty" in capsys.readouterr().err
    assert enhance(tmp_path / "source", tmp_path / "source" / "inside") == FAILED
    assert "holds the original" in capsys.readouterr().out


def test_info_warns_by_its_code_where_a_file_is_none_of_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ct_series(tmp_path, 2)
    assert main(["info", str(tmp_path), "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["counts"]["files"] == 2
    (tmp_path / "notes.txt").write_text("hello")
    assert main(["info", str(tmp_path)]) == WARNED


def test_models_are_listed_with_the_state_of_their_weights(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["models", "--json"]) == DONE
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["ct-denoise-s"]["weights"] == "verified"
    assert {"gaussian", "bilateral", "nlm", "tv", "wavelet", "unsharp", "clahe"} <= rows.keys()


def test_a_word_that_is_no_verb_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as left:
        main(["enhence"])
    assert left.value.code == WRONG_USAGE


@pytest.mark.parametrize(
    ("what", "code", "words"),
    [
        ("series", DONE, ""),
        ("nothing", WARNED, "No DICOM images were found there"),
        ("text", WARNED, "This is a text, not DICOM"),
        ("huge", FAILED, "65535"),
    ],
)
def test_a_screenshot_says_by_its_code_what_went_wrong(
    tmp_path: Path, what: str, code: int, words: str
) -> None:
    folder = tmp_path / what
    folder.mkdir()
    if what == "series":
        ct_series(folder, 3, settings=MATRIX)
    if what == "huge":
        (image,) = build_series(1)
        image.Rows = image.Columns = 65535
        write(image, folder / "huge.dcm")
    if what == "text":
        (folder / "notes.dcm").write_text("not an image")
    picture = tmp_path / "window.png"
    program = [sys.executable, "-m", "viewer", "open", str(folder), "--screenshot", str(picture)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, words in done.stderr) == (code, True)
    assert "propagateSizeHints" not in done.stderr
    assert picture.stat().st_size > 1000


def test_a_file_as_the_folder_to_write_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ct_series(tmp_path / "source", 3, settings=MATRIX)
    (tmp_path / "out").write_text("mine")
    assert enhance(tmp_path / "source", tmp_path / "out") == WRONG_USAGE
    assert "is a file" in capsys.readouterr().err
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these always have a display")
def test_a_window_without_a_display_is_refused_and_not_opened_unseen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(["open"]) == WRONG_USAGE
    assert "no display" in capsys.readouterr().err


def test_a_reader_that_stops_reading_is_no_error() -> None:
    command = f"{sys.executable} -m viewer models | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
    assert done.stderr == ""


def test_a_report_of_the_demo_is_wrong_usage(tmp_path: Path) -> None:
    assert main(["evaluate", "--report", str(tmp_path / "report")]) == 2
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("on", ["demo", "residuals", "PATH"])
def test_finer_slices_are_judged_on_simulation_alone(on, tmp_path, capsys):
    place = str(tmp_path) if on == "PATH" else on
    assert main(["evaluate", "finer-cubic", "--on", place]) == 2
    words = capsys.readouterr().err
    assert "makes finer slices" in words
    assert "diptych evaluate finer-cubic --on simulated" in words


def test_a_repeat_without_a_scan_is_wrong_usage(tmp_path: Path) -> None:
    assert main(["evaluate", "gaussian", "--repeat", str(tmp_path)]) == 2


@pytest.mark.parametrize("more", [["--scenes", "0"], ["--pairs", "3"], ["--strength", "1.5"]])
def test_an_evaluation_that_makes_no_sense_is_wrong_usage(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "gaussian", "--on", "simulated", *more]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        "gaussian nlm --on simulated --strength 0.123456789 --scenes 2 --pairs 30 --modality CT",
        "--on 'my scans/one' --repeat 'my scans/$two' --research",
        "--on 'my scans' --gates --research",
        "--on scans --gates 'what is expected.csv'",
        "ct-denoise-s --on residuals --scenes 36 --json --research",
        "gaussian --on demo --strength 1 --json",
    ],
)
def test_the_command_that_is_stated_asks_for_the_same_again(words: str) -> None:
    asked = parser().parse_args(["evaluate", *shlex.split(words)])
    again = shlex.split(evaluate_command(asked))
    assert again[0] == "diptych"
    assert parser().parse_args(again[1:]) == asked


def test_research_mode_of_the_settings_is_stated_in_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viewer.app.headless.evaluate_residuals", lambda *_, **__: {"rows": []})
    words = ["evaluate", "--on", "residuals", "--json"]
    assert main(words) == DONE
    assert "--research" not in json.loads(capsys.readouterr().out)["command"]
    settings = Settings()
    enhancement = replace(settings.enhancement, research=True)
    save_settings(replace(settings, enhancement=enhancement))
    assert main(words) == DONE
    assert json.loads(capsys.readouterr().out)["command"].endswith(" --research")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ct-denoise-s ct-sharpen", "does not lower noise"),
        ("ct-sharpen ct-denoise-s", "does not sharpen"),
        ("finer-cubic unsharp", "does not make finer slices"),
        ("ct-denoise-s mr-denoise-s", "is not made for CT"),
        ("unsharp --modality MR", "judged on simulated CT only"),
        ("finer-cubic --modality PT", "judged on simulated MR only"),
    ],
)
def test_methods_that_cannot_be_compared_are_refused_before_anything_is_computed(
    words: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def drawn(*_: object) -> None:
        pytest.fail("scenes were drawn")

    for module in ("judging_sharpness.kernel_scenes", "judging_finer.finer_scenes"):
        monkeypatch.setattr(f"viewer.app.{module}", drawn)
    monkeypatch.setattr("viewer.app.judging._Bench.drawn", drawn)
    asked = ["evaluate", *words.split(), "--on", "simulated", "--research"]
    assert main(asked) == WRONG_USAGE
    assert said in capsys.readouterr().err


def test_finer_slices_have_no_red_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "finer-cubic", "--on", "residuals"]) == WRONG_USAGE
    assert "makes finer slices" in capsys.readouterr().err


def test_scans_are_judged_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_noisy_ct(tmp_path / "in")
    out = tmp_path / "report"
    assert main(["evaluate", "gaussian", "--on", str(tmp_path / "in"), "--report", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(out / "report.html")
    assert json.loads((out / "report.json").read_text("utf-8"))["command"].startswith("diptych")


@pytest.mark.parametrize("more", [["--enhance", "nobody"], ["--strength", "1.5"]])
def test_what_cannot_be_enhanced_is_refused_before_anything_is_opened(
    tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "x.png"
    command = ["open", str(tmp_path), "--enhance", "gaussian", "--screenshot", str(picture), *more]
    assert main(command) == WRONG_USAGE
    assert capsys.readouterr().err
    assert not picture.exists()


def test_a_path_that_is_not_there_is_named_by_enhance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enhance(tmp_path / "nowhere", tmp_path / "out") == FAILED
    assert f"{tmp_path / 'nowhere'}: The file is not there any more." in capsys.readouterr().err


def test_a_header_that_is_damaged_is_a_reason_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = write(build_series(1, settings=MATRIX)[0], tmp_path / "in" / "bad.dcm")
    content = bad.read_bytes()
    assert content.count(b"Diptych tests") == 1
    place = content.index(b"Diptych tests") - 4
    bad.write_bytes(content[:place] + b"ZZ" + content[place + 2 :])
    ct_series(tmp_path / "in" / "good", 3, settings=Acquisition(rows=48, columns=64, series="b"))
    code = enhance(tmp_path / "in", tmp_path / "out")
    assert code in (DONE, WARNED)
    said = capsys.readouterr().out
    assert "3 files in" in said
    assert "Traceback" not in said


def test_warnings_of_libraries_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (image,) = build_series(1, settings=MATRIX)
    path = write(image, tmp_path / "in" / "1.dcm")
    content = path.read_bytes()
    place = content.index(b"\x10\x00\x10\x00PN")
    name = b"\x10\x00\x10\x00PN\x88\x13" + b"x" * 5000
    old = int.from_bytes(content[place + 6 : place + 8], "little")
    path.write_bytes(content[:place] + name + content[place + 8 + old :])
    words = ["enhance", str(path), "--method", "gaussian", "--out", str(tmp_path / "out")]
    program = [sys.executable, "-m", "viewer", *words]
    done = subprocess.run(program, capture_output=True, text=True, timeout=100, check=False)
    assert "1 files in" in done.stdout
    assert done.stderr == ""


def test_a_path_that_is_not_there_is_named_beside_those_that_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ct_series(tmp_path / "source", 3, settings=MATRIX)
    nowhere = tmp_path / "nowhere"
    paths = [str(tmp_path / "source"), str(nowhere)]
    words = ["enhance", *paths, "--method", "gaussian", "--out", str(tmp_path / "again")]
    assert main(words) == WARNED
    said = capsys.readouterr().out
    assert f"{nowhere}: The file is not there any more." in said
    assert "3 files in" in said


def toy_folder(tmp_path: Path, **changes: str) -> Path:
    from tests.enhancement import toys

    return toys.write_toy(tmp_path / "given", toys.honest(), **changes)


def test_a_model_of_your_own_is_added_shown_verified_and_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "add", str(toy_folder(tmp_path)), "--json"]) == DONE
    (added,) = json.loads(capsys.readouterr().out)
    assert added["problem"] == ""
    assert Path(added["folder"]).is_dir()
    assert main(["models", "verify", "toy"]) == DONE
    assert "passed" in capsys.readouterr().out
    assert main(["models", "show", "toy", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["checks"] == "passed"
    write_noisy_ct(tmp_path / "in")
    out = tmp_path / "out"
    assert main(["enhance", str(tmp_path / "in"), "--method", "toy", "--out", str(out)]) == DONE
    said = capsys.readouterr().out
    assert "caution: This model was added on this machine: Diptych has not judged it" in said
    image = pydicom.dcmread(next(out.iterdir()))
    assert "Diptych has not judged it" in image.DerivationDescription


def test_a_model_that_fails_is_refused_in_words_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "add", str(toy_folder(tmp_path, sha256="34" * 32))]) == FAILED
    said = capsys.readouterr().err
    assert "checksum differs" in said
    assert "Traceback" not in said
    assert main(["models", "add", str(tmp_path)]) == WRONG_USAGE
    assert main(["models", "show", "nobody"]) == WRONG_USAGE


def test_models_list_is_what_models_says(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["models", "--json"], ["models", "list", "--json"], ["models", "--json", "list"]):
        assert main(words) == DONE
        assert json.loads(capsys.readouterr().out)[0]["id"]


def test_a_comparator_is_refused_without_research_and_marked_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["models", "add", str(toy_folder(tmp_path, status="research"))])
    write_noisy_ct(tmp_path / "in")
    words = ["enhance", str(tmp_path / "in"), "--method", "toy", "--out", str(tmp_path / "out")]
    capsys.readouterr()
    assert main(words) == WRONG_USAGE
    assert "research mode is off" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main(["evaluate", "toy"]) == WRONG_USAGE
    assert main(["open", "--enhance", "toy"]) == WRONG_USAGE
    assert main([*words, "--research"]) == DONE
    assert "caution: Research model: not for reading" in capsys.readouterr().out
    image = pydicom.dcmread(next((tmp_path / "out").iterdir()))
    assert "Research model: not for reading" in image.DerivationDescription


def test_a_model_that_was_changed_is_a_warning_in_the_list(
    tmp_path: Path, fresh_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["models", "add", str(toy_folder(tmp_path))])
    (fresh_home / "models" / "toy" / "weights.onnx").write_bytes(b"changed")
    capsys.readouterr()
    assert main(["models"]) == WARNED
    assert "[checksum mismatch]" in capsys.readouterr().out
    assert main(["models", "verify", "toy"]) == FAILED


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("factor", "Write it as NAME=VALUE"),
        ("factor=9", "from 2 to 6"),
        ("factor=2.5", "a whole number"),
        ("depth=2", "has no param"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_wrong_usage(given, words, tmp_path, capsys):
    out = str(tmp_path / "out")
    asked = ["enhance", str(tmp_path), "--method", "finer-cubic", "--set", given, "--out", out]
    assert main(asked) == 2
    assert words in capsys.readouterr().err
