"""Further processes that do what they are told. Imports nothing of Django before it is set up."""

import contextlib
import os
from collections.abc import Iterator
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any


class Child:
    """The near end of a process: give it work, then ask what became of it."""

    def __init__(self, process, connection: Connection):
        self.process, self.connection = process, connection

    def begin(self, function: str, *arguments: Any) -> None:
        """The child has begun: "certificates.rendering.warm_up" and what it is called with."""
        self.connection.send((function, arguments))

    def end(self) -> tuple[float, Any]:
        """Processor time in seconds and result of what was begun. Raises: RuntimeError when it failed."""
        try:
            cpu, result, failure = self.connection.recv()
        except EOFError as error:
            raise RuntimeError("a process of the bench has ended early") from error
        if failure:
            raise RuntimeError(failure)
        return cpu, result

    def do(self, function: str, *arguments: Any) -> tuple[float, Any]:
        """Both at once."""
        self.begin(function, *arguments)
        return self.end()


@contextlib.contextmanager
def processes(count: int, environ: dict[str, str]) -> Iterator[list[Child]]:
    """So many fresh Python processes with Django on that environment; they end with the block or with this process."""
    context, children = get_context("spawn"), []
    try:
        for _ in range(count):
            near, far = context.Pipe()
            process = context.Process(target=_serve, args=(far, environ), daemon=True)
            process.start()
            far.close()
            children.append(Child(process, near))
        yield children
    finally:
        for child in children:
            child.connection.close()
        for child in children:
            child.process.join(10)
            child.process.kill()


def _serve(connection: Connection, environ: dict[str, str]) -> None:
    from time import process_time

    os.environ.update(environ)
    import django

    django.setup()
    while True:
        try:
            name, arguments = connection.recv()
        except EOFError:
            return
        module, _, function = name.rpartition(".")
        before = process_time()
        try:
            result, failure = getattr(import_module(module), function)(*arguments), ""
        except Exception as error:  # told to the process that asked
            result, failure = None, f"{name}: {type(error).__name__}: {error}"
        connection.send((process_time() - before, result, failure))
