"""What a signal to the process group, as a terminal sends it, makes of a program."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

PROGRAM = """
import hashlib, logging, subprocess, sys, threading, time
from lakehouse import interruption

def sleep():
    print("working", flush=True)
    time.sleep(100)

def keep_it_from_others():
    try:
        sleep()
    except BaseException:
        raise ValueError("of a library") from None

def lose_its_gateway():
    try:
        sleep()
    finally:
        logging.error("of the root")
        for name in ("py4j.clientserver", "py4j.java_gateway"):
            logging.getLogger(name).error("of the gateway")

def compute():
    # Another thread gets its turn when this one is in the library.
    sys.setswitchinterval(1_000)
    turn = threading.Lock()
    turn.acquire()
    threading.Thread(target=lambda: turn.acquire() and print("working", flush=True), daemon=True).start()
    turn.release()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)

def end_slowly():
    try:
        sleep()
    finally:
        print("ending", flush=True)
        time.sleep(100)

def wait_for_a_child():
    child = "import signal, time; signal.signal(2, signal.SIG_IGN); print('working', flush=True); time.sleep(100)"
    subprocess.Popen([sys.executable, "-c", child]).wait()

def belong_together():
    with interruption.held_back():
        print("working", flush=True)
        sys.stdin.readline()
        print("both done", flush=True)
    print("too far", flush=True)

interruption.listen("Farewell.")
try:
    globals()[sys.argv[1]]()
except BaseException:
    interruption.raise_if_asked()
    raise
"""


@pytest.fixture
def start():
    """Start the program in a session of its own, and wait until it works."""
    started = []

    def begin(task, **options):
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, task],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )
        started.append(program)
        assert program.stdout.readline() == "working\n"
        return program

    yield begin
    for program in started:
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGKILL)


@pytest.mark.parametrize("task", ["sleep", "keep_it_from_others"])
def test_an_interrupt_comes_through_whatever_is_made_of_it_on_its_way(start, task):
    program = start(task)

    os.killpg(program.pid, signal.SIGINT)
    _, errors = program.communicate(timeout=30)

    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_a_request_to_end_is_an_interrupt(start):
    program = start("sleep")

    program.terminate()
    _, errors = program.communicate(timeout=30)

    assert errors.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_computation_that_listens_to_nobody_is_ended_with_a_farewell(start, number, code):
    program = start("compute")

    program.send_signal(number)
    _, errors = program.communicate(timeout=30)

    assert (program.returncode, errors) == (code, "\nFarewell.\n")


def test_what_was_started_ends_as_well_although_it_does_not_listen_to_ctrl_c(start):
    program = start("wait_for_a_child")
    (child,) = psutil.Process(program.pid).children()

    os.killpg(program.pid, signal.SIGINT)
    program.communicate(timeout=30)

    assert not child.is_running()


def test_a_second_interrupt_ends_at_once_what_takes_its_time(start):
    program = start("end_slowly")
    os.killpg(program.pid, signal.SIGINT)
    assert program.stdout.readline() == "ending\n"

    os.killpg(program.pid, signal.SIGINT)

    assert program.wait(timeout=30) == 130


def test_what_belongs_together_is_done_before_an_interrupt(start):
    program = start("belong_together")
    program.send_signal(signal.SIGINT)

    output, errors = program.communicate("go on\n", timeout=30)

    assert output == "both done\n"
    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_what_runs_in_the_background_of_a_shell_is_not_interrupted(start):
    program = start("belong_together", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    program.send_signal(signal.SIGINT)

    output, _ = program.communicate("go on\n", timeout=30)

    assert (program.returncode, output) == (0, "both done\ntoo far\n")


def test_what_a_gateway_says_of_its_end_is_no_part_of_the_farewell(start):
    program = start("lose_its_gateway")

    os.killpg(program.pid, signal.SIGINT)
    _, errors = program.communicate(timeout=60)

    assert "KeyboardInterrupt" in errors
    assert "of the root" not in errors
    assert "of the gateway" not in errors
