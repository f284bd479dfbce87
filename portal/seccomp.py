"""Which system calls a process may still make: a seccomp filter for Linux on x86_64 and aarch64, by prctl alone.

The filter allows a list and refuses everything else: reading files, memory, threads, time and the process itself are
on it; sockets, programs, processes, other processes, and everything that changes a file are not. A refused call answers
EPERM. One that is newer than the list (2019, number 424) answers ENOSYS, so that the C library falls back to an older
call, which is judged above.
"""

import ctypes
import errno
import os
import platform
import sys
from functools import cache

# From <linux/prctl.h>, <linux/seccomp.h>, <linux/audit.h>, <linux/bpf_common.h> and <linux/sched.h>.
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER, SECCOMP_GET_ACTION_AVAIL = 22, 38, 2, 2
ALLOW, REFUSE, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, AND, RETURN, EQUAL, AT_LEAST = 0x20, 0x54, 0x06, 0x15, 0x35
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
CLONE_THREAD, TCGETS, FIRST_NEW_CALL = 0x00010000, 0x5401, 424
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
READ_FLAGS_OF_FCNTL = (0, 1, 2, 3, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
# Number on x86_64 and on aarch64, which never had the older ones.
CALLS: dict[str, tuple[int, int | None]] = {
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "madvise": (28, 233),
    "brk": (12, 214), "read": (0, 63), "pread64": (17, 67), "readv": (19, 65), "write": (1, 64), "writev": (20, 66),
    "lseek": (8, 62), "close": (3, 57), "stat": (4, None), "fstat": (5, 80), "lstat": (6, None),
    "newfstatat": (262, 79), "statx": (332, 291), "statfs": (137, 43), "fstatfs": (138, 44), "access": (21, None),
    "faccessat": (269, 48), "readlink": (89, None), "readlinkat": (267, 78), "getdents64": (217, 61),
    "getcwd": (79, 17), "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72),
    "eventfd2": (290, 19), "futex": (202, 98), "set_robust_list": (273, 99), "rseq": (334, 293), "exit": (60, 93),
    "exit_group": (231, 94), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132), "restart_syscall": (219, 128), "getpid": (39, 172), "gettid": (186, 178),
    "getppid": (110, 173), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177),
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101),
    "gettimeofday": (96, 169), "time": (201, None), "getrusage": (98, 165), "times": (100, 153),
    "getrlimit": (97, 163), "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "sysinfo": (99, 179),
    "uname": (63, 160), "getrandom": (318, 278),
}  # fmt: skip
OPEN, OPENAT, CLONE, KILL, TGKILL = (2, None), (257, 56), (56, 220), (62, 129), (234, 131)
FCNTL, IOCTL, PRLIMIT64, SECCOMP = (72, 25), (16, 29), (302, 261), (317, 277)


class _Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction))]


_libc = ctypes.CDLL(None, use_errno=True)


@cache
def is_available() -> bool:
    """Whether this kernel takes the filter and this kind of machine has a list of calls."""
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        return False
    number = SECCOMP[MACHINES[platform.machine()][0]]
    return _libc.syscall(number, SECCOMP_GET_ACTION_AVAIL, 0, ctypes.byref(ctypes.c_uint32(REFUSE))) == 0


def prctl(option: int, *arguments: int) -> None:
    """The kernel has done it for the calling process. Raises: OSError. Linux only."""
    four = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc.prctl(ctypes.c_int(option), *four) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def lock() -> None:
    """This thread, and every thread it starts, makes only the calls on the list; there is no way back.

    Raises: OSError when the kernel does not take the filter.
    """
    column, architecture = MACHINES[platform.machine()]
    instructions = _filter(column, architecture, os.getpid())
    array = (_Instruction * len(instructions))(*instructions)
    program = _Program(len(instructions), array)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(program))


def _filter(column: int, architecture: int, pid: int) -> list[tuple[int, int, int, int]]:
    """The program of the filter, as (code, jump if true, jump if false, operand)."""
    allowed, refused = (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE | errno.EPERM)
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
    ]

    def call(numbers: tuple[int, int | None], *then: tuple[int, int, int, int]) -> None:
        if numbers[column] is not None:
            program.extend([(EQUAL, 0, len(then), numbers[column]), *then])

    def argument(place: int) -> tuple[int, int, int, int]:
        return (LOAD, 0, 0, ARGUMENTS + 8 * place)  # the low half: both machines are little-endian

    def one_of(place: int, *values: int) -> list[tuple[int, int, int, int]]:
        tests = [line for value in values for line in ((EQUAL, 0, 1, value), allowed)]
        return [argument(place), *tests, refused]

    for numbers in CALLS.values():
        call(numbers, allowed)
    call(OPEN, argument(1), (AND, 0, 0, WRITING), (EQUAL, 0, 1, 0), allowed, refused)
    call(OPENAT, argument(2), (AND, 0, 0, WRITING), (EQUAL, 0, 1, 0), allowed, refused)
    # Pango looks its fonts up in threads, so threads start; their flags prove that it is no process.
    call(CLONE, argument(0), (AND, 0, 0, CLONE_THREAD), (EQUAL, 1, 0, 0), allowed, refused)
    call(KILL, *one_of(0, pid))
    call(TGKILL, *one_of(0, pid))
    call(FCNTL, *one_of(1, *READ_FLAGS_OF_FCNTL))
    call(IOCTL, *one_of(1, TCGETS))
    # Asking for a limit; a new one comes as an address in the third argument.
    address_in_two_halves = [argument(2), (EQUAL, 1, 0, 0), refused, (LOAD, 0, 0, ARGUMENTS + 8 * 2 + 4)]
    call(PRLIMIT64, *address_in_two_halves, (EQUAL, 1, 0, 0), refused, allowed)
    return [*program, (AT_LEAST, 0, 1, FIRST_NEW_CALL), (RETURN, 0, 0, REFUSE | errno.ENOSYS), refused]
