"""Signing in with Google: its keys, its ID tokens, and the accounts linked to it.

A web client gets an ID token from Google and sends it here. `id_tokens` tells whose it
is, with the keys that `keys` fetches; `linking` finds, makes or joins the account.
Which Google account opens which of ours is a row of social-auth's UserSocialAuth, keyed
by the token's `sub`: the one thing about a Google account that never changes.
"""
