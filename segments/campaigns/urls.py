from django.urls import path

from .views.unsubscribe import unsubscribe

app_name = "campaigns"

urlpatterns = [
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
]
