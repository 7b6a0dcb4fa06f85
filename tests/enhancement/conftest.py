"""A model small enough to run in tests, exported once for all of them."""

import pytest

from tests.enhancement.scenes import tiny_model


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory):
    """A folder with one verified model called tiny; do not change it."""
    folder = tmp_path_factory.mktemp("models")
    tiny_model(folder)
    return folder
