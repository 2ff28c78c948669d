from django.urls import path

from .views import changes, pages, refreshes

app_name = "segments"

urlpatterns = [
    path("", pages.segments, name="list"),
    path("new/", changes.new, name="new"),
    path("preview/", changes.preview, name="preview"),
    path("<int:pk>/", pages.segment, name="detail"),
    path("<int:pk>/members/", pages.members, name="members"),
    path("<int:pk>/edit/", changes.edit, name="edit"),
    path("<int:pk>/refreshes/", refreshes.refreshes, name="refreshes"),
    path("<int:pk>/pause/", changes.pause, name="pause"),
    path("<int:pk>/resume/", changes.resume, name="resume"),
]
