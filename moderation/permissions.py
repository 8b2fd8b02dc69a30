from rest_framework.permissions import IsAuthenticated


class IsAdmin(IsAuthenticated):
    """Staff: whose role is admin, as it is at this request."""

    def has_permission(self, request, view) -> bool:
        return super().has_permission(request, view) and request.user.is_staff
