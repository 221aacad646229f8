"""A miniature checkout, fresh or set up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.launcher.checkout import Checkout


@pytest.fixture
def fresh(tmp_path: Path) -> Checkout:
    """Return a checkout as after `git clone`."""
    return Checkout.make(tmp_path)


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout that is set up; each test that shares it leaves it set up."""
    checkout = Checkout.make(tmp_path_factory.mktemp("ready"))
    done = checkout.hil("first")
    assert done.returncode == 0, done.stderr
    return checkout
