"""What runs in the sandbox can work and answer, and nothing else; whatever becomes of it, the caller is told."""

import ctypes
import logging
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from config import checks
from portal import sandbox, seccomp
from portal.sandbox import SandboxError, run

only_filtered = pytest.mark.skipif(not sandbox.is_complete(), reason="This kernel filters no system calls.")
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux ends children with their parent; others do not.")


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The process numbers of the children that were forked."""
    fork, numbers = os.fork, []

    def noted() -> int:
        number = fork()
        if number:
            numbers.append(number)
        return number

    monkeypatch.setattr(os, "fork", noted)
    return numbers


def is_there(pid: int) -> bool:
    """Whether the process runs; one that ended and waits for somebody to ask about it does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def for_ever() -> None:
    while True:
        pass


# Answers


@pytest.mark.parametrize("value", [b"", b"%PDF\n\x00", {"a": ["甲", 1, None]}, "text", None])
def test_the_answer_is_what_the_function_returned(value):
    assert run(lambda: value) == value


def test_arguments_reach_the_function():
    assert run(divmod, 7, 2) == [3, 1]


def test_the_work_is_done_in_another_process():
    assert run(os.getpid) != os.getpid()


def test_the_text_of_an_exception_comes_back():
    with pytest.raises(SandboxError, match="int: ValueError: invalid literal.*'甲'"):
        run(int, "甲")


def test_the_traceback_of_the_child_comes_along():
    def broken():
        raise ValueError("here")

    with pytest.raises(SandboxError) as caught:
        run(broken)
    assert 'raise ValueError("here")' in caught.value.__notes__[0]


def test_an_exception_that_is_no_exception_comes_back_too():
    with pytest.raises(SandboxError, match="SystemExit: 3"):
        run(sys.exit, 3)


def test_what_json_cannot_say_is_refused():
    with pytest.raises(SandboxError, match="TypeError: .*JSON"):
        run(object)


def test_what_the_child_logs_is_logged_here(caplog):
    with caplog.at_level(logging.WARNING, "portal.sandbox"):
        run(lambda: logging.getLogger("weasyprint").warning("no %s", "font"))
    (record,) = caplog.records
    assert record.getMessage().endswith("<lambda>: weasyprint: no font")


# Limits


def test_an_endless_loop_ends_at_its_time(children):
    with pytest.raises(SandboxError, match="for_ever had no answer after 0.2 s and was ended."):
        run(for_ever, seconds=0.2)
    assert not is_there(children[0])


def test_a_child_that_waits_ends_at_its_time():
    with pytest.raises(SandboxError, match="no answer after 0.2 s"):
        run(time.sleep, 100, seconds=0.2)


def test_a_child_that_lets_go_of_the_pipe_and_stays_is_ended(children):
    def silent():
        os.close(sandbox.ANSWER)
        time.sleep(100)

    with pytest.raises(SandboxError, match="crashed"):
        run(silent)
    assert not is_there(children[0])


@only_linux
def test_a_child_that_takes_too_much_memory_is_told_so():
    with pytest.raises(SandboxError, match="needed more than 64 MiB"):
        run(lambda: len(b"x" * (200 * sandbox.MIB)), memory=64 * sandbox.MIB)


@only_linux
def test_many_small_things_are_too_much_memory_too():
    with pytest.raises(SandboxError, match="needed more than 32 MiB"):
        run(lambda: [str(number) for number in range(100_000_000)] and None, memory=32 * sandbox.MIB)


@only_linux
def test_memory_that_ends_where_python_has_no_other_word_for_it_is_told_so_too():
    def fill() -> None:
        held = []
        while True:
            held.append(bytes(4096))

    with pytest.raises(SandboxError, match="needed more than 32 MiB"):
        run(fill, memory=32 * sandbox.MIB)


def test_a_child_without_memory_for_a_sentence_is_told_so_all_the_same():
    class Speechless(Exception):
        def __str__(self) -> str:
            raise MemoryError

    def fail() -> None:
        raise Speechless

    with pytest.raises(SandboxError, match="needed more than 512 MiB"):
        run(fail)


def test_an_answer_beyond_its_size_is_refused():
    with pytest.raises(SandboxError, match="answered with more than 1000 bytes"):
        run(lambda: b"x" * 10_000_000, largest=1000)


def test_processor_time_files_and_open_files_are_limited():
    names = ("CPU", "FSIZE", "NOFILE", "CORE")
    limits = run(lambda: [resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names], seconds=2.5)
    assert limits == [[3, 4], [0, 0], [64, 64], [0, 0]]


def test_without_the_filter_too_nothing_can_be_written(monkeypatch, tmp_path):
    monkeypatch.setattr(seccomp, "is_available", lambda: False)
    with pytest.raises(SandboxError, match="File too large"):
        run((tmp_path / "file").write_bytes, b"x")
    assert (tmp_path / "file").read_bytes() == b""


# What is not there


def connect() -> None:
    socket.create_connection(("127.0.0.1", 9))


def pair() -> None:
    socket.socketpair()


def start_program() -> None:
    os.execv(sys.executable, [sys.executable, "-c", "0"])


def start_process() -> None:
    subprocess.run([sys.executable, "-c", "0"])


def disturb_parent() -> None:
    os.kill(os.getppid(), 0)


def disturb_everybody() -> None:
    os.kill(-1, 0)


def trace_parent() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, os.getppid(), None, None) == -1:  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def raise_limit() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))


def leave_session() -> None:
    seccomp.prctl(sandbox.PR_SET_PDEATHSIG, 0)


@only_filtered
@pytest.mark.parametrize(
    "attempt",
    [connect, pair, start_program, start_process, os.fork, disturb_everybody, disturb_parent, trace_parent, raise_limit,
     leave_session],
)  # fmt: skip
def test_no_network_no_program_no_process_no_way_out(attempt):
    with pytest.raises(SandboxError, match="Operation not permitted|not allowed to raise"):
        run(attempt)


@only_filtered
@pytest.mark.parametrize(
    "attempt",
    [
        lambda file: file.open("w"),
        lambda file: file.open("a"),
        lambda file: file.open("r+"),
        lambda file: (file.parent / "new").touch(),
        lambda file: file.unlink(),
        lambda file: file.rename(file.parent / "moved"),
        lambda file: file.chmod(0o777),
        lambda file: os.truncate(file, 0),
        lambda file: os.link(file, file.parent / "linked"),
        lambda file: os.symlink(file, file.parent / "linked"),
        lambda file: (file.parent / "folder").mkdir(),
        lambda file: os.utime(file),
        lambda file: shutil.rmtree(file.parent),
    ],
)
def test_no_file_is_made_changed_or_removed(tmp_path, attempt):
    file = tmp_path / "file"
    file.write_text("before")
    was = file.stat()
    with pytest.raises(SandboxError, match="Operation not permitted"):
        run(attempt, file)
    assert ([*tmp_path.iterdir()], file.read_text()) == ([file], "before")
    assert (file.stat().st_mode, file.stat().st_mtime_ns) == (was.st_mode, was.st_mtime_ns)


@only_linux
def test_no_file_descriptor_of_the_parent_is_open(tmp_path):
    def opened() -> dict[str, str]:
        links = {}
        for number in os.listdir("/proc/self/fd"):
            if os.path.lexists(f"/proc/self/fd/{number}"):  # the listing's own is closed by now
                links[number] = os.readlink(f"/proc/self/fd/{number}").partition(":")[0]
        return links

    with (tmp_path / "file").open("w"), socket.create_server(("127.0.0.1", 0)):
        assert run(opened) == {"0": "/dev/null", "1": "/dev/null", "2": "/dev/null", "3": "pipe"}


def test_the_connection_to_the_database_is_the_parents_alone(db):
    def ask() -> list:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone()

    assert ask() == (1,)
    with pytest.raises(SandboxError, match="DatabaseError|OperationalError|InterfaceError"):
        run(ask)
    assert ask() == (1,)


@only_filtered
def test_the_kernel_says_that_the_child_is_locked_in():
    def status() -> dict[str, str]:
        lines = Path("/proc/self/status").read_text().splitlines()
        return dict(line.split(":\t", 1) for line in lines if line.startswith(("NoNewPrivs", "Seccomp:")))

    assert run(status) == {"NoNewPrivs": "1", "Seccomp": "2"}


def test_a_filter_that_the_kernel_refuses_ends_the_child_before_its_work(monkeypatch):
    def refused() -> None:
        raise OSError("prctl 22: Invalid argument")

    monkeypatch.setattr(seccomp, "is_available", lambda: True)
    monkeypatch.setattr(seccomp, "lock", refused)
    with pytest.raises(SandboxError, match="prctl 22"):
        run(lambda: "worked")


def test_files_are_read_and_threads_run(tmp_path):
    (tmp_path / "file").write_text("read")

    def read_in_a_thread() -> list[str]:
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append((tmp_path / "file").read_text()))
        thread.start()
        thread.join()
        return found

    assert run(read_in_a_thread) == ["read"]


# Ends


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
def test_a_crash_is_told_with_its_signal(number):
    with pytest.raises(SandboxError, match=f"crashed .{number.name}."):
        run(lambda: os.kill(os.getpid(), number))


def test_a_child_that_leaves_without_an_answer_is_an_error():
    with pytest.raises(SandboxError, match="ended with code 0 and without an answer"):
        run(os._exit, 0)


@pytest.mark.parametrize("said", [b"no json\n", b"[]\n", b'{"kind": "bytes"}\n', b"[" * 100_000 + b"\n"])
def test_an_answer_that_cannot_be_read_is_an_error(said):
    def forge() -> None:
        os.write(sandbox.ANSWER, said)
        os._exit(0)

    with pytest.raises(SandboxError, match="cannot be read"):
        run(forge)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_asks_a_whole_service_to_end_lets_the_child_finish(number):
    assert run(lambda: os.kill(os.getpid(), number) or "finished") == "finished"


@pytest.fixture
def alarm() -> Iterator[None]:
    """A signal comes in a moment, and its handler raises, as Celery's soft time limit does."""

    def stop(*_: object) -> None:
        raise InterruptedError("soft limit")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_an_exception_in_the_caller_ends_the_child_and_goes_on(alarm, children):
    with pytest.raises(InterruptedError, match="soft limit"):
        run(time.sleep, 100)
    with pytest.raises(ChildProcessError):  # neither running nor left as a zombie
        os.waitpid(children[0], os.WNOHANG)


def test_nothing_stays_open_here():
    before = set(os.listdir("/dev/fd"))
    run(int)
    assert set(os.listdir("/dev/fd")) == before


def test_signals_reach_this_process_again_afterwards():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with pytest.raises(SandboxError):
        run(sys.exit)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_a_system_without_processes_left_is_an_ordinary_failure(monkeypatch):
    def none_left() -> int:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", none_left)
    before = set(os.listdir("/dev/fd"))
    with pytest.raises(SandboxError, match="got no process of its own"):
        run(int)
    assert set(os.listdir("/dev/fd")) == before
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@only_linux
def test_a_killed_parent_leaves_no_child():
    program = "import time; from portal import sandbox; sandbox.run(time.sleep, 100, seconds=100)"
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=settings.BASE_DIR)
    try:
        end, found = time.monotonic() + 20, []
        # The child is past asking the kernel for its end as soon as it has a session of its own.
        while not (found and os.getsid(found[0]) == found[0]):
            assert time.monotonic() < end
            found = [int(pid) for pid in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()]
    finally:
        parent.kill()
        parent.wait()
    end = time.monotonic() + 20
    while is_there(found[0]):
        assert time.monotonic() < end, "the child outlived its parent"


def test_a_thread_beside_the_main_one_may_not_fork():
    caught: list[BaseException] = []

    def attempt() -> None:
        try:
            run(int)
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert "main thread only" in str(caught[0])


# Whether it is all there


def test_a_production_worker_without_the_filter_does_not_start(monkeypatch):
    monkeypatch.setattr(seccomp, "is_available", lambda: False)
    assert checks.unsafe_worker() == [
        "this system filters no system calls (seccomp, Linux on x86_64 or aarch64), and a worker would render PDFs "
        "without its sandbox."
    ]


@only_filtered
def test_a_worker_on_this_system_may_start():
    assert checks.unsafe_worker() == []
