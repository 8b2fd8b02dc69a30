"""Linked services: Spotify, its player, and fakes of Spotify and Google.

`spotify` is the only importer of spotipy. It imports accounts and focusmaster; nothing
but the project's URLs and settings imports it.
"""
