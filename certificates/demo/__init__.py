"""A believable small world to try the portal with: three invented laboratories, each described in TOML files.

`laboratory` makes an institution with its people, `furnishing` gives it everything that certificates rest on:
`registers` fills its registers from `kept/`, `developments` lets happen what happens with people, `equipping` buys its
equipment. `stories` brings items through the verbs to their certificates, `pledging` lets pledges come and go; `world`
does all of it for all three and tells who can sign in and what can be scanned.
"""
