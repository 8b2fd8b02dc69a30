from django.urls import re_path

from focusmaster.api.routers import Router
from integrations import views

app_name = "integrations"

router = Router()
router.register("spotify", views.SpotifyViewSet, basename="spotify")

urlpatterns = [
    re_path(
        r"^spotify/callback/?$",
        views.CallbackViewSet.as_view({"get": "arrive", "post": "hand_on"}),
        name="spotify-callback",
    ),
    *router.urls,
]
