from focusmaster.api.routers import Router
from kanban import views

app_name = "kanban"

router = Router()
router.register("tasks", views.TaskViewSet, basename="task")

urlpatterns = router.urls
