"""Jobs: results, errors, cancelling, closing; on threads and in line."""

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from viewer.app.jobs import Jobs, Lane, Progress
from viewer.app.messages import Message
from viewer.core.errors import Cancelled, UnreadableFile

PATIENCE_S = 10


class Post:
    """Collects what workers deliver, to be run on the test's thread."""

    def __init__(self) -> None:
        self.calls: queue.Queue[Callable[[], None]] = queue.Queue()

    def run_until(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            self.calls.get(timeout=PATIENCE_S)()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def jobs(post: Post) -> Iterator[Jobs]:
    made = Jobs(post.calls.put)
    yield made
    made.close()


def test_results_arrive_on_the_thread_that_owns_the_workspace(jobs: Jobs, post: Post) -> None:
    found: list[tuple[int, str]] = []
    jobs.submit(
        Lane.COMPUTE,
        "Adding",
        lambda progress: threading.current_thread().name,
        lambda name: found.append((1, f"{name} -> {threading.current_thread().name}")),
    )
    post.run_until(lambda: bool(found))
    assert found[0][1].startswith("diptych-compute")
    assert found[0][1].endswith("MainThread")


def test_an_error_of_ours_becomes_a_message(jobs: Jobs, post: Post) -> None:
    told: list[Message] = []

    def work(progress: Progress) -> int:
        raise UnreadableFile("The file is gone.", "It was not shown.", "Look for it.")

    jobs.submit(Lane.INDEX, "Reading", work, lambda result: None, failed=told.append)
    post.run_until(lambda: bool(told))
    assert told[0].text == "The file is gone. It was not shown. Look for it."


def test_a_defect_becomes_a_message_without_details(jobs: Jobs, post: Post) -> None:
    told: list[Message] = []
    jobs.submit(
        Lane.INDEX, "Reading", lambda progress: 1 // 0, lambda result: None, failed=told.append
    )
    post.run_until(lambda: bool(told))
    assert "unexpected" in told[0].what
    assert "division" not in told[0].text


def test_a_cancelled_job_delivers_nothing(jobs: Jobs, post: Post) -> None:
    started, found = threading.Event(), []

    def work(progress: Progress) -> int:
        started.set()
        while not progress.is_cancelled():
            pass
        raise Cancelled

    job = jobs.submit(Lane.COMPUTE, "Long", work, found.append, partial=found.append)
    assert started.wait(PATIENCE_S)
    job.cancel()
    post.run_until(lambda: jobs.is_idle)
    assert found == []
    assert job.is_over


def test_partial_results_come_before_the_last(jobs: Jobs, post: Post) -> None:
    found: list[int] = []

    def work(progress: Progress) -> int:
        progress.publish(1)
        progress.publish(2)
        return 3

    jobs.submit(Lane.COMPUTE, "Counting", work, found.append, partial=found.append)
    post.run_until(lambda: jobs.is_idle)
    assert found == [1, 2, 3]


def test_quiet_jobs_are_not_listed_but_count(jobs: Jobs, post: Post) -> None:
    gate = threading.Event()
    done: list[bool] = []
    jobs.submit(
        Lane.DRAW, "Drawing", lambda progress: gate.wait(PATIENCE_S), done.append, is_quiet=True
    )
    assert jobs.running == ()
    assert not jobs.is_idle
    gate.set()
    post.run_until(lambda: bool(done))


def test_progress_is_seen_while_the_work_goes_on(jobs: Jobs, post: Post) -> None:
    seen: list[tuple[float, str]] = []
    gate = threading.Event()

    def work(progress: Progress) -> int:
        progress.report(0.5, "half way")
        gate.wait(PATIENCE_S)
        return 1

    jobs.changed = lambda: seen.extend((job.fraction, job.words) for job in jobs.running)
    jobs.submit(Lane.COMPUTE, "Halving", work, lambda result: None)
    post.run_until(lambda: (0.5, "half way") in seen)
    gate.set()
    post.run_until(lambda: jobs.is_idle)
    assert jobs.running == ()


def test_closing_names_what_was_cut_off() -> None:
    post = Post()
    jobs = Jobs(post.calls.put)
    gate = threading.Event()
    jobs.submit(Lane.COMPUTE, "Enhancing", lambda progress: gate.wait(PATIENCE_S), lambda r: None)
    cut = jobs.close(timeout_s=0.1)
    gate.set()
    assert cut == ("Enhancing",)


def test_in_line_jobs_run_at_once() -> None:
    found: list[int] = []
    jobs = Jobs(lambda call: call(), is_inline=True)
    jobs.submit(Lane.VISIBLE, "Now", lambda progress: 7, found.append)
    assert found == [7]
    assert jobs.is_idle
