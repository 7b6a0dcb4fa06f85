"""A reader who is killed at random instants, again and again, and what is left each time.

Run as ``python -m tests.reader.killing KILLS SEED FOLDER``: prints JSON of what was counted and of
everything that was wrong. A child process reads trials and tells through a pipe what the record
acknowledged; it is killed with SIGKILL at a random instant, wherever it is by then, and the study
is opened again and compared with what was told.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.reader.studies import PASSPHRASE, make, protocol, say
from viewer.reader.chain import Event, Link
from viewer.reader.record import StudyRecord, open_study
from viewer.reader.states import Kind
from viewer.reader.trials import SessionState, Span, TrialState
from viewer.reader.verify import verify

CASES = 25
LONGEST_S = 0.3
KILLS_A_STUDY = 25

Tell = Callable[[object], None]


@dataclass
class Found:
    """What was counted over all kills, and what was wrong."""

    kills: int = 0
    studies: int = 0
    answers: int = 0
    commits: int = 0
    healed: int = 0
    interruptions: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Told:
    """What a study acknowledged so far; `commits` also has what the last kill kept from telling."""

    answers: list[tuple[int, str, str, str, float]] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)


def reading(path: Path, tell: Tell) -> None:
    """Read one trial after the other for ever, and tell what was acknowledged."""
    with open_study(path) as study:
        session = study.sign_in("R1", PASSPHRASE)
        if session.state is SessionState.INVITED:
            session.consent("0" * 64)
        if session.state is SessionState.CONSENTED:
            session.display_checked(())
        while (trial := session.next_trial()) is not None:
            session.loading(trial)
            session.shown(trial)
            for number, (question, position) in enumerate(
                (("sharpness", "A"), ("sharpness", "B"), ("better", ""), ("better", ""))
            ):
                value = float(2 + (trial.number + number) % 4)
                seq = say(session, trial, question, position, value)
                tell(["answer", seq, trial.id, question, position, value])
            session.commit(trial, (Span("reading", 0, 1),))
            tell(["commit", trial.id])


def killed(path: Path, delay_s: float) -> list[list]:
    """Let a child read, kill it after a delay, and return what it told."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        code = 0
        try:
            reading(path, lambda told: os.write(write_end, json.dumps(told).encode() + b"\n"))
        except BaseException as error:  # noqa: BLE001 (a child tells its end whatever it is)
            os.write(write_end, json.dumps(["error", repr(error)]).encode() + b"\n")
            code = 1
        os._exit(code)
    os.close(write_end)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(read_end, "rb") as pipe:
        lines = pipe.read().split(b"\n")
    return [json.loads(line) for line in lines[:-1]]


def check(path: Path, told: Told, found: Found) -> bool:
    """Open a study after a kill, note what is wrong, and return whether it is read to its end."""
    with open_study(path) as study:
        found.healed += bool(study.findings)
        links = study.links
        found.wrong += [*_answers(links, told), *_trials(study, links, told)]
        is_done = study.standing.sittings["R1"].next_trial is None
    checked = verify(path)
    found.wrong += [*checked.problems, *checked.notes]
    return is_done


def _answers(links: tuple[Link, ...], told: Told) -> list[str]:
    wrong = []
    for seq, trial, question, position, value in told.answers:
        event = links[seq - 1].event if seq <= len(links) else None
        answer = event.data.get("answer", {}) if event else {}
        stored = (answer.get("question"), answer.get("position"), answer.get("value"))
        if (
            event is None
            or event.data.get("trial") != trial
            or stored != (question, position, value)
        ):
            wrong.append(f"answer {seq} to {question} {position} of {trial} is {stored}")
    return wrong


def _trials(study: StudyRecord, links: tuple[Link, ...], told: Told) -> list[str]:
    sitting = study.standing.sittings["R1"]
    events = [link.event for link in links]
    order = [trial.id for trial in sitting.trials]
    committed = [event.data["trial"] for event in events if event.kind == Kind.COMMITTED]
    wrong = []
    if committed != order[: len(committed)]:
        wrong.append(f"trials were committed as {committed}")
    if committed[: len(told.commits)] != told.commits or len(committed) > len(told.commits) + 1:
        wrong.append(f"told {told.commits}, committed {committed}")
    told.commits[:] = committed
    following = sitting.next_trial
    expected = order[len(committed)] if len(committed) < len(order) else None
    if (following.id if following else None) != expected:
        wrong.append(f"goes on at {following} and not at {expected}")
    if any(sitting.standing(name).state is not TrialState.COMMITTED for name in committed):
        wrong.append("a committed trial is open again")
    return wrong + _not_interrupted(events)


def _not_interrupted(events: list[Event]) -> list[str]:
    """Return trials that were loaded again after a kill without a word about it."""
    is_open: dict[str, bool] = {}
    wrong = []
    for event in events:
        name = event.data.get("trial", "")
        if event.kind == Kind.LOADING:
            if is_open.get(name):
                wrong.append(f"{name} was loaded again without an interruption")
            is_open[name] = True
        elif event.kind == Kind.INTERRUPTED:
            is_open[name] = False
    return wrong


def run(kills: int, seed: int, folder: Path) -> Found:
    """Kill a reader so many times; the instants follow from the seed and the machine's pace."""
    chance = random.Random(seed)
    found = Found()
    while found.kills < kills:
        found.studies += 1
        place = folder / f"study-{found.studies}"
        place.mkdir(parents=True)
        path = make(place, protocol(cases=CASES, readers=1))
        told = Told()
        for _ in range(min(KILLS_A_STUDY, kills - found.kills)):
            for line in killed(path, chance.uniform(0.0, LONGEST_S)):
                _take(line, told, found)
            found.kills += 1
            if check(path, told, found):
                break
        with open_study(path) as study:
            found.interruptions += study.standing.sittings["R1"].interruptions
    return found


def _take(line: list, told: Told, found: Found) -> None:
    if line[0] == "answer":
        told.answers.append(tuple(line[1:]))
        found.answers += 1
    elif line[0] == "commit":
        told.commits.append(line[1])
        found.commits += 1
    else:
        found.wrong.append(str(line))


if __name__ == "__main__":
    counted = run(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
    sys.stdout.write(json.dumps(vars(counted)) + "\n")
