"""Linked services: Google sign-in and Spotify."""
