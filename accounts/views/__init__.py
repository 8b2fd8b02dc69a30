"""The endpoints of accounts, by noun: each chooses, calls one verb and responds.

They import everything else of accounts. Only the URLs and the OpenAPI texts import
them.
"""

from accounts.views.accounts import AccountViewSet
from accounts.views.devices import SignInViewSet
from accounts.views.email_changes import EmailChangeViewSet
from accounts.views.gdpr import GdprViewSet
from accounts.views.google import GoogleViewSet
from accounts.views.password_resets import PasswordResetViewSet

__all__ = [
    "AccountViewSet",
    "EmailChangeViewSet",
    "GdprViewSet",
    "GoogleViewSet",
    "PasswordResetViewSet",
    "SignInViewSet",
]
