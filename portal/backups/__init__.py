"""Backups: one snapshot of the database and the files it names, signed, encrypted, and proven equal when restored.

A backup is a directory:

    manifest.json     what there is: every part with size and SHA-256, every table with its rows and their digest
    manifest.sig      the ledger key's signature over manifest.json, with the id of its algorithm
    database.dump     pg_dump's custom format
    media.jsonl       one line for each file: path, size, SHA-256
    media/            the files
    checkpoint.txt    the newest signed head of the ledger within the snapshot; empty when there is none
    roles.json        names and attributes of the database roles, without passwords

With a key, database.dump and the files below media/ are encrypted (portal/backups/sealing.py). The rest tells names
and numbers only. docs/operations.md says how to make, keep and try them.
"""

# A comment on a database into which a restore is at work, or failed, or was made for practice only. The portal does
# not start on such a database (config/checks.py).
UNFINISHED, DRILL = "restore: unfinished", "restore: drill"


class BackupError(Exception):
    """It cannot be done; the text says why and what to do, one sentence a line. The command ends with code 1."""
