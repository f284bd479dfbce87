"""Operations of migrations that are worked out together."""

from django.db import migrations, models
from django.db.migrations.state import ProjectState

from portal.migrating import Together, together


def field(name, model="thing"):
    return migrations.AddField(model, name, models.IntegerField(default=0))


MADE = [migrations.CreateModel(name, [("id", models.AutoField(primary_key=True))]) for name in ("Thing", "Other")]
SQL = migrations.RunSQL("SELECT 1", migrations.RunSQL.noop)


def test_each_run_is_one_and_nothing_else_is_moved():
    one, two, three = field("one"), field("two"), field("three")
    first, second, third, fourth = together([*MADE, one, two, SQL, three])
    assert [type(group) for group in (first, second, third, fourth)] == [
        Together,
        Together,
        migrations.RunSQL,
        Together,
    ]
    assert (first.operations, second.operations, third, fourth.operations) == (MADE, [one, two], SQL, [three])


def test_the_models_are_drawn_once_and_are_as_after_the_last_of_them():
    state = ProjectState()
    for operation in together(MADE):
        operation.state_forwards("portal", state)
    drawn = state.apps
    [adding] = together([field("one"), field("two", "other")])
    adding.state_forwards("portal", state)
    assert "apps" not in vars(state)
    assert state.apps is not drawn
    assert state.apps.get_model("portal", "other")._meta.get_field("two")


def test_it_goes_back_in_the_other_order_and_only_if_all_can():
    done = []

    class Noted(migrations.RunSQL):
        def database_backwards(self, *_arguments):
            done.append(self.sql)

    both = Together([Noted("first", ""), Noted("second", "")])
    assert both.reversible
    both.database_backwards("portal", None, ProjectState(), ProjectState())
    assert done == ["second", "first"]
    assert not Together([SQL, migrations.RunSQL("SELECT 2")]).reversible


def test_each_goes_back_between_the_states_of_its_own_turn():
    seen = []

    class Seen(migrations.AddField):
        def database_backwards(self, app_label, schema_editor, from_state, to_state):
            after, before = (set(state.models["portal", "thing"].fields) for state in (from_state, to_state))
            seen.append((self.name, after - before))

    before = ProjectState()
    for operation in MADE:
        operation.state_forwards("portal", before)
    adding = Together([Seen("thing", name, models.IntegerField(default=0)) for name in ("one", "two")])
    after = before.clone()
    adding.state_forwards("portal", after)
    adding.database_backwards("portal", None, after, before)
    assert seen == [("two", {"two"}), ("one", {"one"})]
