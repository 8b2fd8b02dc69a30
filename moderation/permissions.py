from rest_framework.permissions import IsAuthenticated


class IsAdmin(IsAuthenticated):
    """Allow admins, by the role that the user has at this request."""

    def has_permission(self, request, view) -> bool:
        return super().has_permission(request, view) and request.user.is_staff
