from django.urls import path

from . import views, webhooks

app_name = "amocrm"
urlpatterns = [
    path("", views.page, name="page"),
    path("connect/", views.connect, name="connect"),
    path("progress/", views.show_progress, name="progress"),
    path("banner/", views.banner, name="banner"),
    path("try-now/", views.try_now, name="try_now"),
    path("again/", views.import_again, name="again"),
    path("arm/", views.arm, name="arm"),
    path("consent/", views.choose_consent, name="consent"),
    path("pushes/<int:pk>/retry/", views.retry, name="retry"),
    path("tags/<int:segment_id>/", views.switch_tag, name="tag"),
    path("hook/<slug:secret>/", webhooks.hook, name="hook"),
]
