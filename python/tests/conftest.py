"""What all tests may ask for."""

import pytest

from running import in_folder


@pytest.fixture
def server():
    """A real server on a free port with an empty folder."""
    running, folder = in_folder()
    with folder:
        yield running
        running.end()
