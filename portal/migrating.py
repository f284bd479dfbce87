"""Many operations of a migration at once: Django draws every model anew after each one, which takes most of the time."""

from collections.abc import Iterable
from itertools import groupby

from django.db.migrations import operations as ops
from django.db.migrations.operations.base import Operation

MAKING = (ops.CreateModel,)
ALTERING = (
    ops.AddConstraint,
    ops.AddField,
    ops.AddIndex,
    ops.AlterField,
    ops.AlterModelOptions,
    ops.RemoveConstraint,
)


def together(operations: Iterable[Operation]) -> list[Operation]:
    """The operations in their order, with each run of those that make models, and of those that alter them, as one."""
    found: list[Operation] = []
    for kinds, run in groupby(operations, _kinds):
        taken = [*run]
        found += [Together(taken)] if kinds else taken
    return found


def _kinds(operation: Operation) -> tuple[type, ...]:
    return next((kinds for kinds in (MAKING, ALTERING) if isinstance(operation, kinds)), ())


class Together(Operation):
    """The operations as one, between the state before all of them and the state after.

    In the state after, a model is as the last of them leaves it: one that is made here is not altered here.
    """

    reduces_to_sql = True

    def __init__(self, operations: list[Operation]):
        self.operations = operations
        self.reversible = all(operation.reversible for operation in operations)

    def deconstruct(self):
        return self.__class__.__name__, [self.operations], {}

    def describe(self):
        return "; ".join(operation.describe() for operation in self.operations)

    def state_forwards(self, app_label, state):
        state.__dict__.pop("apps", None)  # the models, to be drawn once afterwards
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        states = [to_state]  # going back is rare, and needs every state on the way
        for operation in self.operations:
            states.append(states[-1].clone())
            operation.state_forwards(app_label, states[-1])
        for operation, before, after in reversed([*zip(self.operations, states, states[1:], strict=False)]):
            operation.database_backwards(app_label, schema_editor, after, before)
