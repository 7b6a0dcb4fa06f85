"""pydicom is loaded whole by one thread: its modules import each other in circles."""

import ast
import subprocess
import sys

from tests.architecture.sources import files, place, tree

FIRST = "pydicom_first"

RACE = """
import sys, threading
sys.setswitchinterval(1e-6)
start = threading.Barrier(3)
failed = []

def load(name):
    start.wait()
    try:
        __import__(name, fromlist=["x"])
    except BaseException as error:
        failed.append(f"{name}: {error!r}")

names = ("viewer.io.attributes", "viewer.io.tag_list", "viewer.io.coding")
threads = [threading.Thread(target=load, args=(name,)) for name in names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit("\\n".join(failed) or None)
"""


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def at_run_time(path) -> list[ast.AST]:
    """Return the import statements of a file in order, without those for type checkers."""
    found: list[ast.AST] = []

    def walk(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            is_for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            if isinstance(child, ast.Import | ast.ImportFrom):
                found.append(child)
            elif not is_for_types:
                walk(child)

    walk(tree(path))
    return found


def test_whoever_imports_pydicom_imports_the_whole_of_it_first():
    wrong = []
    for path in files("viewer"):
        if path.stem == FIRST:
            continue
        is_whole = False
        for node in at_run_time(path):
            names = imported(node)
            is_whole |= any(name.endswith(FIRST) for name in names)
            if not is_whole and any(name.split(".")[0] == "pydicom" for name in names):
                wrong.append(place(path, node))
    assert not wrong


def test_threads_that_begin_with_different_parts_do_not_meet_half_of_it():
    done = subprocess.run(
        [sys.executable, "-c", RACE], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
