from django.urls import include, path

from analytics import views
from focusmaster.api.routers import Router

app_name = "analytics"

router = Router()
router.register("", views.AnalyticsViewSet, basename="analytics")

# A prefix that Django tries once, not with each pattern of the router.
urlpatterns = [path("analytics/", include(router.urls))]
