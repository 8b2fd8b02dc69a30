"""Signing in with Google: keys, ID tokens, and the accounts linked to Google accounts.

`id_tokens` reads a token with the keys that `keys` fetches; `linking` finds, makes or
joins the account. A link is a row of social-auth's UserSocialAuth, keyed by the token's
`sub`, which never changes. It imports the rest of accounts; only its views import it.
"""
