"""Verification: whole is whole, and one byte anywhere is named. All tampering is done as the owner of the tables."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.management import call_command
from django.utils import timezone

from portal import audit, codes
from portal.actors import Actor
from portal.ledger import checkpoints, leaves, merkle, notes, sequencer, tree, verify
from portal.models import AuditEntry, JobRun, LedgerEntry, SmartCode
from portal.tenancy import tenant
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ledger(witness):
    """Six leaves of two institutions and a sealed audit trail of eight rows under two checkpoints; all is well."""
    first = witness(5)
    sequencer.checkpoint(timezone.now(), force=True)
    second = witness(1, slug="beta")
    lab = make.institution()
    for _number in range(8):
        with tenant(lab.pk):
            audit.record(Actor.system("test"), "test.act", institution_id=lab.pk, reason="为了测试")
    sequencer.checkpoint(timezone.now(), force=True)
    return first + second


def found(**options):
    return [str(problem) for problem in verify.problems(**options)]


def named(text, **options):
    problems = found(**options)
    assert any(text in problem for problem in problems), problems
    return problems


def test_a_healthy_ledger_has_no_problem(ledger):
    assert found() == []
    assert LedgerEntry.objects.count() == 7


def test_an_empty_ledger_has_no_problem(db):
    assert found() == []


def test_a_real_certificate_verifies(db):
    make.certificate(make.laboratory(), "released")
    sequencer.checkpoint(timezone.now(), force=True)
    assert found(files=False) == []


LOG = (
    ("portal_ledgerentry", "SET data = replace(data, ':1}', ':2}') WHERE index = 2", "条目 2：内容与它的散列不符"),
    (
        "portal_ledgerentry",
        "SET leaf_hash = 'ff' || substr(leaf_hash, 3) WHERE index = 2",
        "条目 2：内容与它的散列不符",
    ),
    ("portal_ledgerentry", "SET leaf_id = leaf_id + 900 WHERE index = 2", "条目 2：它的叶不在了"),
    ("portal_ledgerentry", "DELETE WHERE index = 2", "条目 2：不在账本里"),
    ("portal_ledgerentry", "DELETE WHERE index = 6", "账本只有 6 条"),
    ("portal_ledgerentry", "DELETE WHERE index > 3", "末尾的条目被删除了"),
    (
        "portal_ledgernode",
        "SET hash = 'ff' || substr(hash, 3) WHERE level = 1 AND index = 1",
        "节点 1/1：与下面的条目不符",
    ),
    ("portal_ledgernode", "DELETE WHERE level = 2 AND index = 0", "节点 2/0：缺失"),
    ("portal_ledgernode", "SET level = 5, index = 7 WHERE level = 2", "末尾的条目被删除了"),
    ("portal_ledgernode", "INSERT (level, index, hash) VALUES (1, -1, repeat('0', 64))", "多出 1 个"),
    ("portal_ledgercheckpoint", "SET root = repeat('0', 64) WHERE size = 5", "检查点表 5：行里的条数或根"),
    ("portal_ledgercheckpoint", "SET size = 4 WHERE size = 5", "检查点表 4：行里的条数或根"),
    (
        "portal_ledgercheckpoint",
        "SET text = replace(text, E'/ledger\n5\n', E'/ledger\n4\n') WHERE size = 5",
        "签名不符",
    ),
    (
        "portal_auditentry",
        "SET reason = '为了掩盖' WHERE id = (SELECT max(id) FROM portal_auditentry)",
        "有记录被改动过",
    ),
    ("portal_auditentry", "SET at = at + interval '1 microsecond'", "有记录被改动过"),
    ("portal_auditentry", "DELETE WHERE id = (SELECT max(id) FROM portal_auditentry)", "封存时 8 条，现在 7 条"),
    ("portal_auditseal", "SET digest = repeat('0', 64)", "审计封存"),
    ("portal_auditseal", "SET rows = rows + 1", "封存时 9 条，现在 8 条"),
    ("portal_auditseal", "DELETE", "portal.AuditSeal"),
)


def statement(table, change):
    verb, _blank, rest = change.partition(" ")
    return {"SET": f"UPDATE {table} {change}", "DELETE": f"DELETE FROM {table} {rest}"}.get(
        verb, f"INSERT INTO {table} {rest}"
    )


def test_every_altered_part_of_the_log_is_named(ledger, tampered, subtests):
    for table, change, name in LOG:
        with subtests.test(table=table, change=change), tampered(table, statement(table, change)):
            named(name)
    assert found() == []


OBJECTS = (
    ("portal_ledgerleaf", "SET data = replace(data, ':1}}', ':2}}') WHERE id = {leaf}", "与账本第 2 条的内容不符"),
    ("portal_ledgerleaf", "SET kind = 'test.other' WHERE id = {leaf}", "这种叶不存在"),
    ("portal_ledgerleaf", "SET target_id = target_id + 900 WHERE id = {leaf}", "对象不在了"),
    ("portal_ledgersalt", "SET salt = 'ff' || substr(salt, 3) WHERE leaf_id = {leaf}", "对象与入账时不符"),
    ("portal_ledgersalt", "SET salt = 'not hexadecimal' WHERE leaf_id = {leaf}", "对象与入账时不符"),
    ("portal_ledgersalt", "DELETE WHERE leaf_id = {leaf}", "盐值不在了"),
    ("portal_ledgerentry", "DELETE WHERE leaf_id = {leaf}", "条目被删除了"),
    ("institutions_customer", "SET address = address || ' ' WHERE id = {object}", "对象与入账时不符"),
    ("institutions_customer", "DELETE WHERE id = {object}", "对象不在了"),
)


def test_every_altered_leaf_salt_or_object_is_named_by_its_leaf(ledger, tampered, subtests):
    leaf = LedgerEntry.objects.get(index=2).leaf_id
    for table, change, sentence in OBJECTS:
        altered = statement(table, change.format(leaf=leaf, object=ledger[2]))
        with subtests.test(table=table, change=change), tampered(table, altered):
            problems = named(sentence)
            assert any(problem.startswith(f"叶 {leaf}（") and sentence in problem for problem in problems), problems
    assert found() == []


def test_a_leaf_that_was_removed_is_named_by_its_entry(ledger, tamper):
    leaf = LedgerEntry.objects.get(index=2).leaf_id
    tamper("portal_ledgersalt", "DELETE FROM portal_ledgersalt WHERE leaf_id = %s", leaf)
    tamper("portal_ledgerleaf", "DELETE FROM portal_ledgerleaf WHERE id = %s", leaf)
    assert found() == ["条目 2：它的叶不在了：叶被删除了，或条目是添进来的。"]


def test_one_altered_object_is_the_only_one_named(ledger, tamper):
    tamper("institutions_customer", "UPDATE institutions_customer SET name = '别人' WHERE id = %s", ledger[3])
    assert len(found()) == 1


def test_a_changed_checkpoint_file_is_named(ledger, settings):
    path = Path(settings.CHECKPOINT_DIR) / "5.txt"
    text = path.read_text()
    path.write_text(text.replace("\n5\n", "\n4\n"))
    named(f"{path}：检查点读不出：签名不符")
    path.write_text("junk\n")
    named(f"{path}：检查点读不出：不是检查点的格式")
    path.write_text(text)
    assert found() == []


def resized(size):
    """What is wrong with the log is put right again, for the first `size` entries only, and signed anew."""
    return [
        merkle.leaf_hash(data.encode()) for data in LedgerEntry.objects.order_by("index").values_list("data", flat=True)
    ][:size]


def rebuild(tamper):
    """The tree above whatever entries there are now is consistent again."""
    hashes = resized(1000)
    tamper("portal_ledgernode", "DELETE FROM portal_ledgernode")
    frontier = merkle.Frontier()
    for index, leaf in enumerate(hashes):
        tamper("portal_ledgerentry", "UPDATE portal_ledgerentry SET leaf_hash = %s WHERE index = %s", leaf.hex(), index)
        for level, place, node in frontier.add(leaf):
            tamper(
                "portal_ledgernode", "INSERT INTO portal_ledgernode (level, index, hash) VALUES (%s, %s, %s)", level, place,
                node.hex(),
            )  # fmt: skip
    return len(hashes), frontier.root()


def sign_again(tamper, size, root):
    tamper("portal_ledgercheckpoint", "DELETE FROM portal_ledgercheckpoint")
    tamper(
        "portal_ledgercheckpoint", "INSERT INTO portal_ledgercheckpoint (size, root, text) VALUES (%s, %s, %s)", size,
        root.hex(), notes.written(size, root, timezone.now()),
    )  # fmt: skip


@pytest.fixture
def kept(ledger, tmp_path, settings):
    """The newest checkpoint as somebody outside has kept it; the directory of the portal is empty."""
    path = tmp_path / "kept.txt"
    path.write_text(checkpoints.latest())
    for file in Path(settings.CHECKPOINT_DIR).iterdir():
        file.unlink()
    return path


def test_a_truncation_with_everything_put_right_is_seen_by_a_kept_checkpoint(kept, tamper):
    leaf = LedgerEntry.objects.get(index=6).leaf_id
    tamper("portal_ledgerentry", "DELETE FROM portal_ledgerentry WHERE index = 6")
    tamper("portal_ledgersalt", "DELETE FROM portal_ledgersalt WHERE leaf_id = %s", leaf)
    tamper("portal_ledgerleaf", "DELETE FROM portal_ledgerleaf WHERE id = %s", leaf)
    tamper("portal_auditseal", "DELETE FROM portal_auditseal")
    tamper("portal_auditentry", "DELETE FROM portal_auditentry")
    sign_again(tamper, *rebuild(tamper))
    assert found() == []
    assert found(checkpoints=[kept]) == [f"{kept}：检查点到第 7 条，账本只有 6 条：账本被截断，或被旧的备份代替。"]


def rewrite(tamper, ledger):
    """Another name for a customer, as if it had always been so: object, leaf, entry and tree agree."""
    tamper("institutions_customer", "UPDATE institutions_customer SET name = '别人' WHERE id = %s", ledger[2])
    with tenant(make.institution().pk):
        customer = make.Customer.objects.get(pk=ledger[2])
        salt = leaves.LedgerSalt.objects.get(leaf__target_id=ledger[2], leaf__kind="test.customer")
        data = leaves.data_of(leaves.KINDS["test.customer"], customer, salt.salt)
    tamper("portal_ledgerleaf", "UPDATE portal_ledgerleaf SET data = %s WHERE id = %s", data, salt.leaf_id)
    tamper("portal_ledgerentry", "UPDATE portal_ledgerentry SET data = %s WHERE leaf_id = %s", data, salt.leaf_id)


def test_a_rewritten_log_signed_with_the_same_key_is_seen_by_a_kept_checkpoint(kept, ledger, tamper):
    rewrite(tamper, ledger)
    sign_again(tamper, *rebuild(tamper))
    assert found() == []
    assert found(checkpoints=[kept]) == [f"{kept}：前 7 条的根与签名的不同：账本在签名之后被改写过。"]


def test_a_rewritten_log_signed_with_another_key_is_seen_by_a_kept_checkpoint(kept, ledger, tamper, settings):
    rewrite(tamper, ledger)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    settings.LEDGER_KEY = pem.decode()
    sign_again(tamper, *rebuild(tamper))
    assert found() == []
    assert found(checkpoints=[kept]) == [f"{kept}：检查点读不出：没有本账本密钥的签名。"]


def test_a_leaf_that_waits_too_long_is_named(witness, tamper):
    witness()
    assert found() == []
    tamper("portal_ledgerleaf", "UPDATE portal_ledgerleaf SET at = at - interval '61 seconds'")
    named("等待入账超过 60 秒")


def test_a_waiting_leaf_whose_text_was_changed_is_named(witness, tamper):
    witness()
    tamper("portal_ledgerpending", "UPDATE portal_ledgerpending SET data = data || ' '")
    named("等待入账的内容与它不符")


def test_old_audit_rows_without_a_seal_are_named(ledger, tamper):
    lab = make.institution()
    with tenant(lab.pk):
        row = audit.record(Actor.system("test"), "test.act", institution_id=lab.pk)
    assert found() == []
    tamper("portal_auditentry", "UPDATE portal_auditentry SET at = at - interval '31 minutes' WHERE id = %s", row.pk)
    assert found() == [
        f"审计记录 {{[{row.pk},{row.pk + 1})}}：超过 30 分钟没有封存。请检查 relay；若 relay 正常，是后来添进来的。"
    ]


def test_an_audit_row_of_the_platform_added_among_sealed_ones_is_named(ledger, tamper):
    gap = AuditEntry._meta.db_table
    tamper(gap, f"SELECT nextval(pg_get_serial_sequence('{gap}', 'id'))")  # a number nobody used
    lab = make.institution()
    with tenant(lab.pk):
        audit.record(Actor.system("test"), "test.act", institution_id=lab.pk)
    sequencer.checkpoint(timezone.now(), force=True)
    tamper("portal_auditseal", "UPDATE portal_auditseal SET at = at - interval '31 minutes'")
    tamper(
        gap,
        f"INSERT INTO {gap} SELECT (jsonb_populate_record(a, jsonb_build_object('id', a.id - 1, 'institution_id', null, "
        f"'ref', 'x'))).* FROM {gap} AS a ORDER BY id DESC LIMIT 1",
    )
    named("没有封存")


def publish(token, lab):
    card = {"kind": "unit", "state": "withdrawn", "institution": {}}
    with tenant(lab.pk):
        codes.publish(institution_id=lab.pk, kind="unit", token=token, card=card, at=timezone.now())


def test_the_code_of_a_bad_object_says_so_until_it_verifies_again(ledger, tamper, monkeypatch):
    monkeypatch.setattr(verify, "CHECKS", {})  # the pages of this test have nothing behind them
    lab, other = make.institution(), make.institution("beta")
    publish(f"T{ledger[2]}", lab)
    publish(f"T{ledger[5]}", other)
    tamper("institutions_customer", "UPDATE institutions_customer SET name = '别人' WHERE id = %s", ledger[2])
    verify.run(timezone.now())
    assert codes.find(f"T{ledger[2]}")["state"] == "anomaly"
    assert codes.find(f"T{ledger[5]}")["state"] == "withdrawn"
    assert not JobRun.objects.get(name="verify_ledger").ok
    tamper("institutions_customer", "UPDATE institutions_customer SET name = '客户 alpha 2' WHERE id = %s", ledger[2])
    verify.run(timezone.now())
    assert codes.find(f"T{ledger[2]}")["state"] == "withdrawn"
    assert JobRun.objects.get(name="verify_ledger").ok


def test_the_time_of_the_first_anomaly_stays(ledger, tamper, monkeypatch):
    monkeypatch.setattr(verify, "CHECKS", {})
    lab, first = make.institution(), timezone.now()
    publish(f"T{ledger[2]}", lab)
    tamper("institutions_customer", "UPDATE institutions_customer SET name = '别人' WHERE id = %s", ledger[2])
    verify.run(first)
    verify.run(first + timedelta(hours=1))
    with tenant(lab.pk):
        assert SmartCode.objects.get().anomaly_since == first


def test_a_check_of_an_app_runs_in_the_scope_of_each_institution(ledger, monkeypatch):
    monkeypatch.setattr(verify, "CHECKS", {})

    @verify.check("test")
    def customers(institution_id):
        yield verify.Problem("客户", ",".join(make.Customer.objects.order_by("pk").values_list("name", flat=True)))

    with pytest.raises(ValueError, match="twice"):
        verify.check("test")(customers)
    assert found()[-1] == "客户：客户 beta 0" and len(found()) == 2
    assert found(files=False) == []


def test_the_command_names_what_is_wrong_and_ends_with_one(ledger, tamper, capsys):
    call_command("verify_ledger", "--json")
    healthy = json.loads(capsys.readouterr().out)
    assert healthy == {"ok": True, "size": 7, "checkpoints": 4, "problems": []}
    tamper("institutions_customer", "UPDATE institutions_customer SET name = '别人' WHERE id = %s", ledger[2])
    with pytest.raises(SystemExit) as ended:
        call_command("verify_ledger", "--json")
    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out)["problems"][0]["sentence"].startswith("对象与入账时不符")


def test_the_command_compares_with_a_file(kept, tamper, capsys):
    tamper("portal_ledgercheckpoint", "DELETE FROM portal_ledgercheckpoint WHERE size = 7")
    call_command("verify_ledger", "--checkpoint", str(kept))
    assert "全部一致" in capsys.readouterr().out


def test_a_log_of_many_batches_is_read_batch_by_batch(witness, monkeypatch):
    from portal.ledger import verify_log

    monkeypatch.setattr(verify_log, "LEVEL", 2)
    monkeypatch.setattr(verify_log, "BATCH", 4)
    witness(11)
    for size in (3, 1, 4, 2, 1):
        sequencer.sequence(size)
        sequencer.checkpoint(timezone.now(), force=True)
    assert found() == []
    log = verify_log.LogPass(range(1, tree.size() + 1))
    assert list(log.problems()) == []
    assert log.roots == {size: tree.root(size) for size in range(tree.size() + 1)}
