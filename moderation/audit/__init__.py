"""The audit log beside its models: the chain, archives, anchors and their signatures.

`pages` appends the entries for what staff do on the admin pages. It imports the
models of moderation, accounts and focusmaster; admin, views and commands may import it.
"""
