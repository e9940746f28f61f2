"""What all tests may ask for."""

import pytest

from running import in_folder


@pytest.fixture
def running():
    """A real server of the test's own, on a free port with an empty folder, which it may kill and start."""
    running, folder = in_folder()
    with folder:
        yield running
        running.end()
