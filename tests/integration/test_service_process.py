"""When a service process starts, is shared and ends; the service here is a small file server.

Run as a program with a home as its argument, this module holds that service until its input ends.
"""

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from lakehouse.errors import ServiceError
from lakehouse.services import process
from lakehouse.services.process import Service
from lakehouse.services.state import Place


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


FILES = Service(
    name="files",
    title="The file server",
    setting="none",
    standard_port=0,
    command=lambda _, port: [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)],
    ready=listens,
    address=lambda port: f"http://127.0.0.1:{port}/",
)


@pytest.fixture
def place(tmp_path):
    yield Place(tmp_path, "files")
    process.stop(FILES, tmp_path)


def test_a_service_comes_back_on_its_port(place):
    first = process.hold(FILES, place.home)
    process.stop(FILES, place.home)

    second = process.hold(FILES, place.home)

    assert second.port == first.port
    assert second.process != first.process


def test_a_service_whose_port_was_taken_moves(place):
    port = process.hold(FILES, place.home).port
    process.stop(FILES, place.home)

    with socket.create_server(("127.0.0.1", port)):
        assert process.hold(FILES, place.home).port != port


def test_up_prefers_the_standard_port(place):
    standard = process.free_port()

    assert process.start(replace(FILES, standard_port=standard), place.home).port == standard


def test_a_killed_service_is_started_again(place):
    killed = process.start(FILES, place.home).process
    psutil.Process(killed.pid).kill()
    eventually(lambda: not killed.alive())

    assert process.start(FILES, place.home).process != killed
    assert place.read().process.alive()


def test_a_service_that_does_not_listen_to_a_request_to_end_is_killed(place, monkeypatch):
    monkeypatch.setattr(process, "_STOP_SECONDS", 0.5)
    server = "import signal, http.server as h; signal.signal(15, signal.SIG_IGN); h.test(port={}, bind='127.0.0.1')"
    deaf = replace(FILES, command=lambda _, port: [sys.executable, "-c", server.format(port)])
    record = process.start(deaf, place.home)

    assert process.stop(deaf, place.home)
    assert not record.process.alive()


def test_a_service_is_asked_to_end_with_its_own_signal(place):
    server = "import signal, http.server as h; signal.signal(15, signal.SIG_IGN); h.test(port={}, bind='127.0.0.1')"
    interrupted = replace(
        FILES, command=lambda _, port: [sys.executable, "-c", server.format(port)], stop_signal=signal.SIGINT
    )
    record = process.start(interrupted, place.home)

    assert process.stop(interrupted, place.home)
    assert not record.process.alive()
    assert "Keyboard interrupt received" in place.log.read_text()


def test_stopping_what_does_not_run_does_nothing(place):
    assert not process.stop(FILES, place.home)


def test_two_starts_at_once_start_one(place):
    with ThreadPoolExecutor(2) as pool:
        records = pool.map(lambda _: process.start(FILES, place.home), range(2))

    assert len({record.process.pid for record in records}) == 1


@pytest.mark.parametrize("end", [None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_service_ends_with_the_process_that_started_it(place, end):
    holder = held(place)
    service = place.read().process
    if end is None:
        holder.communicate()
    else:
        holder.send_signal(end)
        holder.wait()

    assert eventually(lambda: not service.alive())
    assert eventually(lambda: place.read().process is None)


def test_a_service_outlives_its_starter_while_another_process_uses_it(place):
    starter, user = held(place), held(place)
    service = place.read().process
    starter.kill()
    starter.wait()
    eventually(lambda: len(place.read().holders) == 1)
    outlived = service.alive()
    user.communicate()

    assert outlived
    assert not service.alive()


def test_a_service_that_is_up_outlives_the_processes_that_use_it(place):
    starter = held(place)
    process.start(FILES, place.home)
    starter.communicate()

    assert place.read().process.alive()
    assert place.read().holders == ()


def test_a_service_that_cannot_start_shows_the_end_of_its_log(place):
    broken = replace(FILES, command=lambda *_: ["sh", "-c", "echo no [disk] left; exit 1"])

    with pytest.raises(ServiceError, match=r"ended while it started. Its log .* ends with:\nno \[disk\] left"):
        process.start(broken, place.home)

    assert place.read().process is None


def test_a_service_that_never_answers_is_ended(place, monkeypatch):
    monkeypatch.setattr(process, "_START_SECONDS", 0.5)
    silent = replace(FILES, ready=lambda _: False)

    with pytest.raises(ServiceError, match=r"does not answer at http://127.0.0.1:\d+/ after 0.5 s"):
        process.start(silent, place.home)

    assert place.read().process is None


def held(place):
    """Start a process that holds the service until its input ends."""
    holder = subprocess.Popen(
        [sys.executable, __file__, place.home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    return holder


def eventually(condition):
    return Retrying(retry=retry_if_result(lambda met: not met), wait=wait_fixed(0.05), stop=stop_after_delay(60))(
        condition
    )


if __name__ == "__main__":
    process.hold(FILES, Path(sys.argv[1]))
    sys.stdout.write("held\n")
    sys.stdout.flush()
    sys.stdin.read()
