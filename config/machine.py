"""What a program needs of the machine it runs on: its processes, its private places, and a sentence when they fail."""

import contextlib
import ctypes
import fcntl
import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
# The name of a unix socket must fit 100 bytes with the longest file name in it.
LONGEST_SOCKET_DIRECTORY = 60


class Unavailable(Exception):
    """The machine lacks something; the text is one sentence for the person at the keyboard."""


def dies_with_parent(signal_number: int) -> Callable[[], None] | None:
    """A `preexec_fn` by which the kernel signals the child when this process is gone, even killed; None off Linux."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None, use_errno=True).prctl, os.getpid()

    def ask() -> None:
        prctl(1, signal_number, 0, 0, 0)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os.kill(os.getpid(), signal_number)

    return ask


def alive(pid: int) -> bool:
    """Whether a process with this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_until(ready: Callable[[], bool], seconds: float) -> bool:
    """Whether `ready` became true within that time."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(0.03)
    return True


def state_directory() -> Path:
    """The directory that keeps data, logs and keys between runs; readable by its owner only."""
    state = Path(os.environ.get("CHENGLIANG_STATE") or BASE_DIR / ".dev").absolute()
    return private_directory(state)


def private_directory(path: Path) -> Path:
    """The directory exists, belongs to this user and is closed to others. Raises: Unavailable when it cannot be so."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be used ({error.strerror}): set CHENGLIANG_STATE to a directory of your own."
        ) from error
    return path


def socket_directory(state: Path) -> Path:
    """A short private directory for the sockets, remembered in the state directory, made anew when it is not ours."""
    memory = state / "sockets"
    if memory.exists():
        known = Path(memory.read_text(encoding="utf-8"))
        with contextlib.suppress(OSError):
            found = known.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o066:
                return known
    parent = os.environ.get("XDG_RUNTIME_DIR", "")
    if not os.path.isdir(parent) or not os.access(parent, os.W_OK) or len(parent) > LONGEST_SOCKET_DIRECTORY - 12:
        parent = "/tmp"
    made = Path(tempfile.mkdtemp(prefix="cl-", dir=parent))
    memory.write_text(str(made), encoding="utf-8")
    return made


@contextlib.contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Holds the file's lock while the block runs, and yields whether it was free."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
