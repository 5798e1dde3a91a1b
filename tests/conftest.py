"""What holds for every test: no socket leaves the machine, and nothing is skipped unseen.

A test that needs an independent program says so with ``@pytest.mark.peer("program")``. Where the program is absent the test
is skipped by name in the printed list; with YINZHENG_TESTS_MUST_NOT_SKIP set (CI sets it) a skip fails the run.
"""

import ipaddress
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A shared machine may be slow at any moment: time is no property of a test (speed is shown by `make bench`). In CI the same
# examples are tried each time, so that a run there tells of the change and of nothing else; at home they are drawn anew.
settings.register_profile("home", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("home"), derandomize=True, database=None, max_examples=50)

MUST_NOT_SKIP = bool(os.environ.get("YINZHENG_TESTS_MUST_NOT_SKIP"))
settings.load_profile("ci" if MUST_NOT_SKIP else "home")


def _refuse_foreign_addresses(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse any connection that would leave the loopback range (an audit hook, so no library can slip past it)."""
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, (str, bytes)):
        return  # a Unix socket
    host = str(address[0]) if isinstance(address, tuple) else ""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise PermissionError(f"a test tried to reach {host}")


sys.addaudithook(_refuse_foreign_addresses)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, by name, the tests whose independent program is not on this machine."""
    for item in items:
        for marker in item.iter_markers("peer"):
            absent = [name for name in marker.args if shutil.which(name) is None]
            if absent:
                item.add_marker(pytest.mark.skip(reason=f"not on this machine: {', '.join(absent)}"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run in CI when a test was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if MUST_NOT_SKIP and reporter is not None and reporter.stats.get("skipped") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working tree."""
    return Path(__file__).parent.parent
