"""A function with a stranger's data, in a child process that can do nothing but work it out and answer.

The child has no file descriptor of its parent, so not the connection to the database either; it writes no file, opens
no socket, starts no program and no process; it has so much time and memory and no more; it ends with its parent. It
can still read files that its user may read, and all that its parent held in memory: its answer is the only way out.

For workers and commands. A process that serves pages in threads must not fork, and `run` refuses any thread but the
main one: a lock that another thread holds at the fork stays locked in the child for ever.
"""

import contextlib
import gc
import json
import logging
import os
import resource
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, NoReturn

from . import seccomp

MIB = 1024 * 1024
# Measured on top of a warm worker: 16 MiB are enough for a certificate of 3 pages, 256 for 2000 rows of results,
# which take 8 s. So the time is the nearer limit, and what reaches this one is not a certificate.
MEMORY = 512 * MIB
LARGEST_ANSWER = 64 * MIB
MOST_FILES = 64
MOST_LINES = 50
OUT_OF_MEMORY = 3  # the code of a child that has not even enough to say so
ANSWER = 3  # the child's one descriptor besides /dev/null
PR_SET_PDEATHSIG = 1
# What asks a whole group of processes to end is for the parent to act on; the others are errors of the call then.
IGNORED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXFSZ, signal.SIGPIPE}

log = logging.getLogger("portal.sandbox")


class SandboxError(Exception):
    """The function gave no answer: it raised, crashed, or went beyond a limit. A note carries the child's traceback."""


def is_complete() -> bool:
    """Whether the system calls are filtered too. Without (macOS, an old kernel) time and memory alone are limited."""
    return seccomp.is_available()


def run(
    function: Callable[..., Any],
    *arguments: Any,
    seconds: float = 20,
    memory: int = MEMORY,
    largest: int = LARGEST_ANSWER,
) -> Any:
    """What the function returns: bytes as they are, anything else after a way through JSON. No process is left.

    seconds: by the clock, and of processor time rounded up; memory: bytes that may be mapped on top of what this
    process has; largest: bytes of the answer. What the child logs is logged here, under portal.sandbox.
    Raises: SandboxError when there is no answer; RuntimeError outside the main thread. An exception in the caller
    meanwhile, Celery's soft time limit for one, ends the child and goes on. Source: E7.38.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("A sandbox is forked from the main thread only: call it from a worker or a command.")
    name, end = function.__qualname__, time.monotonic() + seconds
    # No handler of this process may run in the child, and none here before the child is sure to be ended.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        child, reading = _fork(lambda: function(*arguments), name, seconds, memory)
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            answer = _read(reading, end, largest, name, seconds)
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            os.close(reading)
            status = _end(child)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return _understood(answer, os.waitstatus_to_exitcode(status), name, seconds, memory)


# The parent


def _fork(work: Callable[[], Any], name: str, seconds: float, memory: int) -> tuple[int, int]:
    """The child is at work. Returns: its process number, and the end of the pipe on which it will answer."""
    parent, limits = os.getpid(), _limits(seconds, memory)
    reading, writing = os.pipe()
    try:
        child = os.fork()
        if child == 0:
            _serve(writing, parent, work, limits)
    except OSError as error:
        os.close(reading)
        raise SandboxError(f"{name} got no process of its own: {error}") from error
    finally:
        os.close(writing)
    return child, reading


def _limits(seconds: float, memory: int) -> dict[int, tuple[int, int]]:
    # Processes are not limited: the kernel counts threads among them, all those of the user, and Pango starts some.
    whole = int(seconds) + 1
    limits = {
        resource.RLIMIT_CPU: (whole, whole + 1),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NOFILE: (MOST_FILES, MOST_FILES),
        resource.RLIMIT_CORE: (0, 0),
    }
    if sys.platform == "linux":
        mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        limits[resource.RLIMIT_AS] = (mapped + memory, mapped + memory)
    return limits


def _read(reading: int, end: float, largest: int, name: str, seconds: float) -> bytes:
    """Everything the child wrote until it let go of the pipe."""
    poll, parts, size = select.poll(), [], 0
    poll.register(reading, select.POLLIN)
    while True:
        if not poll.poll(max(0, 1000 * (end - time.monotonic()))):
            raise SandboxError(f"{name} had no answer after {seconds:g} s and was ended.")
        part = os.read(reading, MIB)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > largest:
            raise SandboxError(f"{name} answered with more than {largest} bytes and was ended.")


def _end(child: int) -> int:
    """Nothing is left of the child and of its session. Returns: its status as `waitpid` tells it."""
    for kill in (os.killpg, os.kill):  # it may not have come to its own session yet
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _understood(answer: bytes, code: int, name: str, seconds: float, memory: int) -> Any:
    if code < 0:
        cause = f"used more than {seconds:g} s of processor time" if code == -signal.SIGXCPU else "crashed"
        raise SandboxError(f"{name} {cause} ({signal.Signals(-code).name}).")
    too_much = f"{name} needed more than {memory // MIB} MiB."
    if code == OUT_OF_MEMORY:
        raise SandboxError(too_much)
    head, found, payload = answer.partition(b"\n")
    if code or not found:
        raise SandboxError(f"{name} ended with code {code} and without an answer.")
    # What comes from the child is judged like anything from outside.
    try:
        said = json.loads(head)
        kind, lines = str(said["kind"]), [(int(level), str(text)) for level, text in said["log"][:MOST_LINES]]
        value = payload if kind == "bytes" else json.loads(payload)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SandboxError(f"{name} gave an answer that cannot be read.") from error
    for level, text in lines:
        log.log(level, "%s: %s", name, text)
    if kind in ("bytes", "json"):
        return value
    error = SandboxError(too_much if kind == "memory" else f"{name}: {value}")
    error.add_note(str(said.get("traceback", "")))
    raise error


# The child


class _Collected(logging.Handler):
    """The first lines the child logs, for its parent to log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.lines) < MOST_LINES:
            self.lines.append((record.levelno, f"{record.name}: {record.getMessage()}"[:500]))


def _serve(writing: int, parent: int, work: Callable[[], Any], limits: dict[int, tuple[int, int]]) -> NoReturn:
    """The child, from fork to end; nothing of its parent's stack is unwound and no exit handler runs."""
    code = 1
    try:
        gc.freeze()  # a collection of what the parent made would copy its pages
        os.dup2(writing, ANSWER)
        collected = _Collected()
        try:
            _shut_in(parent, limits)
            logging.getLogger().handlers = [collected]
            value = _with_room(work)
            kind, payload = ("bytes", value) if isinstance(value, bytes) else ("json", json.dumps(value).encode())
            said = {"kind": kind}
        except BaseException as error:  # told to the parent, whatever it is
            # Without memory for a traceback CPython loses the MemoryError and raises a SystemError instead.
            said = {"kind": "memory" if isinstance(error, MemoryError | SystemError) else "error"}
            said["traceback"] = "".join(traceback.format_exception(error))[-10_000:]
            payload = json.dumps(f"{type(error).__name__}: {error}"[:1000]).encode()
        _write(json.dumps(said | {"log": collected.lines}).encode() + b"\n")
        _write(payload)
        code = 0
    except MemoryError:
        code = OUT_OF_MEMORY
    finally:
        os._exit(code)


def _called(work: Callable[[], Any]) -> Any:
    return work()


# CPython keeps the frames of calls in pieces of 16 KiB. Where a recursion goes back and forth over the end of a piece,
# one is mapped and unmapped each time, which took a tenth of the time of a certificate. This frame claims half of a
# large first piece, and the frames after it have the other half.
_with_room = FunctionType(_called.__code__.replace(co_stacksize=70_000), globals())


def _shut_in(parent: int, limits: dict[int, tuple[int, int]]) -> None:
    """This process is cut off from its parent's files and signals, limited, and locked in."""
    if sys.platform == "linux":
        seccomp.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)
    os.setsid()
    _forget_signals()
    _forget_files()
    for limit, value in limits.items():
        resource.setrlimit(limit, value)
    if is_complete():
        seccomp.lock()


def _forget_signals() -> None:
    """No handler of the parent is left."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):  # numbers that the C library keeps for itself
            signal.signal(number, signal.SIG_IGN if number in IGNORED else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _forget_files() -> None:
    """Open are the answer, and /dev/null as input, output and error."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    for number in map(int, os.listdir("/dev/fd")):
        if number > ANSWER:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(number)


def _write(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(ANSWER, rest) :]
