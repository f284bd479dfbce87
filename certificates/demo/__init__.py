"""A believable small world to try the portal with: three invented laboratories, each described in a TOML file.

`laboratory` makes an institution with its people and equipment, `stories` brings items through the verbs to their
certificates, `world` does both for all of them and tells who can sign in and what can be scanned.
"""
