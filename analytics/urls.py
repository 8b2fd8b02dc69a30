from analytics import views
from focusmaster.api.routers import Router

app_name = "analytics"

router = Router()
router.register("analytics", views.AnalyticsViewSet, basename="analytics")

urlpatterns = router.urls
