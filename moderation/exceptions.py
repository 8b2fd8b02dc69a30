from django.core.exceptions import PermissionDenied

from focusmaster.exceptions import RuleViolation


class NoLongerAdmin(PermissionDenied):
    """The role was taken away while the request was under way: 403, as without it."""


class CannotBanYourself(RuleViolation):
    code = "cannot_ban_yourself"
    message = "You cannot ban or suspend yourself."


class CannotBanAdmin(RuleViolation):
    code = "cannot_ban_admin"
    message = "An admin cannot be banned or suspended. Take the role away first."


class CannotChangeOwnRole(RuleViolation):
    code = "cannot_change_own_role"
    message = "You cannot change your own role. Ask another admin."


class GuestCannotBeAdmin(RuleViolation):
    code = "guest_cannot_be_admin"
    message = "A guest cannot be an admin. They need an account first."


class BarredCannotBeAdmin(RuleViolation):
    code = "barred_cannot_be_admin"
    message = "Who is banned or suspended cannot be an admin. Lift the ban first."


class NoAddress(RuleViolation):
    code = "no_address"
    message = "No email address is known to reply to."


class AddressRefused(RuleViolation):
    code = "address_refused"
    message = "Mail to this address is refused."
