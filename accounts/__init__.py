"""Users and guests: signing in, tokens, profiles, consents, and erasing an account.

Also the query that finds the caller of a request, the owner lock, and what all pages
for staff share. It imports `focusmaster` only; every other app may import it.
"""
