"""The public ledger: an append-only Merkle log (RFC 6962) of salted hashes. docs/ledger.md describes every byte."""
