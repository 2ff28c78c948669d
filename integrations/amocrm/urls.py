from django.urls import path

from . import webhooks

app_name = "amocrm"
urlpatterns = [
    path("hook/<str:secret>/", webhooks.hook, name="hook"),
]
