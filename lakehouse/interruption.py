"""Ctrl-C and SIGTERM: what runs ends at once and in order, and a second one ends it hard.

Python tells the main thread alone, between two of its own steps: a library that computes for minutes keeps it waiting,
and what a library makes of the interrupt (another exception, or nothing) looks like a fault of its own. So a thread
hears of the signal as well. It ends the processes that this one has started, Spark's JVM above all, notes that an end
was asked for, and ends this process if the main thread does not.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_NOTICE_SECONDS = 3
"""A main thread that has not noticed by then computes in a library."""
_CHILD_SECONDS = 5
_END_SECONDS = 20
_SHOW_CURSOR = b"\x1b[?25h"


@dataclass
class _Interruption:
    """What is known of the one interruption that a process can have."""

    farewell: str = ""
    number: int | None = None
    raised: bool = False
    noticed: threading.Event = field(default_factory=threading.Event)
    children_ended: threading.Event = field(default_factory=threading.Event)
    held_back: list[tuple[int, FrameType | None]] = field(default_factory=list)


_state = _Interruption()


def listen(farewell: str) -> None:
    """Let Ctrl-C and SIGTERM end this process, from now on: as a KeyboardInterrupt in the main thread, or without it.

    Parameters
    ----------
    farewell : str
        What is said where the main thread cannot say it.
    """
    _state.farewell = farewell
    hearing, wakening = socket.socketpair()
    wakening.setblocking(False)
    for number in _SIGNALS:
        # A shell starts what runs in the background so that Ctrl-C does not reach it.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    signal.set_wakeup_fd(wakening.detach(), warn_on_full_buffer=False)
    threading.Thread(target=_hear, args=(hearing,), name="interruption", daemon=True).start()
    # Spark's gateway shows the interrupt itself, and that its JVM is gone, with tracebacks. A logger's filter does not
    # see what comes from loggers below it.
    for logger in (None, "py4j.clientserver", "py4j.java_gateway"):
        logging.getLogger(logger).addFilter(lambda _: not asked())
    atexit.register(_wait_for_children)


def asked() -> bool:
    """Whether an end was asked for."""
    return _state.number is not None


def raise_if_asked() -> None:
    """Go on, unless an end was asked for that something in between has kept for itself.

    Raises
    ------
    KeyboardInterrupt
        An end was asked for.
    """
    if asked():
        raise KeyboardInterrupt


def exit_code() -> int:
    """What shells see of a command that was ended by a signal: 130 after Ctrl-C."""
    return 128 + (_state.number or signal.SIGINT)


@contextmanager
def held_back() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait for the end of the block: for a few steps that belong together."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is _hold_back:
        yield
        return
    previous = {number: signal.signal(number, _hold_back) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        waiting, _state.held_back = _state.held_back, []
    for signalled, frame in waiting:
        before = previous[signal.Signals(signalled)]
        if callable(before):
            before(signalled, frame)
        else:
            signal.raise_signal(signalled)


def _interrupt(number: int, _: FrameType | None) -> None:
    _state.number = _state.number or number
    _state.noticed.set()
    # After a second one there is nothing to be done any more.
    if not _state.raised:
        _state.raised = True
        raise KeyboardInterrupt


def _hold_back(number: int, frame: FrameType | None) -> None:
    _state.held_back.append((number, frame))
    _state.noticed.set()


def _hear(hearing: socket.socket) -> None:
    """Wait for signals: the first begins the end, and the second is the end."""
    ends: threading.Thread | None = None
    while True:
        number = hearing.recv(1)[0]
        if number not in _SIGNALS:
            continue
        # A server has its own way to end, and puts ours back when it is through.
        is_ours = signal.getsignal(number) in (_interrupt, _hold_back)
        _state.number = _state.number or number
        if not is_ours:
            continue
        if ends is not None:
            _end_hard()
        ends = threading.Thread(target=_end, name="end", daemon=True)
        ends.start()


def _end() -> None:
    children = _children()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.terminate()
    if not _state.noticed.wait(_NOTICE_SECONDS):
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"\n{_state.farewell}\n".encode())
        _end_hard()
    for child in psutil.wait_procs(children, timeout=_CHILD_SECONDS)[1]:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    _state.children_ended.set()
    time.sleep(_END_SECONDS)
    _end_hard()


def _end_hard() -> None:
    for child in _children():
        with suppress(psutil.NoSuchProcess):
            child.kill()
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    os._exit(exit_code())


def _children() -> list[psutil.Process]:
    """What this process has started, and what that has; what is to outlive it leads a group of its own."""
    group = os.getpgrp()
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(ProcessLookupError):
            if os.getpgid(child.pid) == group:
                found.append(child)
    return found


def _wait_for_children() -> None:
    if asked() and _state.noticed.is_set():
        _state.children_ended.wait(2 * _CHILD_SECONDS)
