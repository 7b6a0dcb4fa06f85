"""The conformance statement says what the program's tables say."""

import importlib.util

from tests.architecture.sources import CHECKOUT


def test_the_statement_is_up_to_date():
    path = CHECKOUT / "packaging" / "conformance.py"
    spec = importlib.util.spec_from_file_location("conformance", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = module.STATEMENT.read_text(encoding="utf-8")
    assert written == module.statement(), "run python packaging/conformance.py --write"
