from accounts.views.accounts import AccountViewSet
from accounts.views.devices import SignInViewSet

__all__ = ["AccountViewSet", "SignInViewSet"]
