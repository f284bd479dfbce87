"""Private PostgreSQL and Valkey on unix sockets, the portal on top of them, and the tests.

    python -m config.devstack up       start both servers in the background and print their addresses
    python -m config.devstack down     stop what `up` started
    python -m config.devstack run      servers, migrations, demonstration data, web, worker, beat, relay; Ctrl-C ends it
    python -m config.devstack test ... pytest with these arguments on servers of its own, tuned for speed
    python -m config.devstack manage ... one command of manage.py on the servers of `run`, started for it if need be

State lies in `.dev/` or where CHENGLIANG_STATE says. DATABASE_URL with DATABASE_OWNER_URL, and REDIS_URL, name servers
that exist already: nothing is started in their place. PG_BIN and VALKEY_BIN name other programs to start.
"""

import os
import signal
import subprocess
import sys

from .machine import BASE_DIR, Unavailable, dies_with_parent, locked, private_directory, state_directory
from .servers import Stack
from .supervisor import run


def up() -> int:
    """Both servers run in the background; their addresses are printed as lines for a shell."""
    for name, address in Stack(state_directory()).start(stays=True).items():
        print(f"export {name}='{address}'")
    return 0


def down() -> int:
    """What `up` started has ended. Raises: Unavailable while `run` uses it."""
    state = state_directory()
    with locked(state / "lock") as free:
        if not free:
            raise Unavailable("The portal is running here: stop it first, with Ctrl-C or SIGTERM.")
        Stack(state).stop(everything=True)
    return 0


def manage(*arguments: str) -> int:
    """The management command has run on the servers of `run`. Returns: its exit code."""
    return command_on(Stack(state_directory()), [sys.executable, "manage.py", *arguments])


def test(*arguments: str) -> int:
    """pytest has run on servers of its own, in the first test directory that nobody uses. Returns: its exit code.

    The whole suite runs in one process for each core, four at most; the tests of a file stay together, because they share
    what they set up.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not arguments and cores > 1:
        arguments = ("-n", str(min(cores, 4)), "--dist", "loadfile", "--no-loadscope-reorder")
    for number in range(1, 100):
        state = private_directory(state_directory() / f"test-{number}")
        with locked(state / "lock") as free:
            if free:
                command = [sys.executable, "-m", "pytest", *arguments]
                variables = {"DJANGO_SETTINGS_MODULE": "config.settings_test", "CHENGLIANG_STATE": str(state)}
                # The tests start some hundred processes, each of which would compile every module again.
                variables["PYTHONDONTWRITEBYTECODE"] = ""
                return command_on(Stack(state, fast=True), command, **variables)
    raise Unavailable("Too many test runs at the same time.")


def command_on(stack: Stack, command: list[str], **variables: str) -> int:
    """The command has run on the stack; the servers started for it have ended. Returns: its exit code."""
    try:
        environ = {**os.environ, **stack.start(), **variables}
        process = subprocess.Popen(command, cwd=BASE_DIR, env=environ, preexec_fn=dies_with_parent(signal.SIGTERM))
        signal.signal(signal.SIGINT, lambda *_: None)  # the command, in the same terminal, gets its own
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: process.terminate())
        code = process.wait()
        return code if code >= 0 else 128 - code
    finally:
        stack.stop()


def main(arguments: list[str]) -> int:
    """One of the commands in the docstring has run. Returns: its exit code."""
    commands = {"up": up, "down": down, "run": run, "test": test, "manage": manage}
    if not arguments or arguments[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return commands[arguments[0]](*arguments[1:])
    except Unavailable as missing:
        print(missing, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
