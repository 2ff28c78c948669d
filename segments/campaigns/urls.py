from django.urls import path

from .views import acts, drafts, pages, wizard
from .views.unsubscribe import unsubscribe

app_name = "campaigns"

urlpatterns = [
    path("", pages.campaigns, name="list"),
    path("new/", wizard.new, name="new"),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
    path("<int:pk>/", pages.campaign, name="detail"),
    path("<int:pk>/edit/", wizard.edit, name="edit"),
    path("<int:pk>/draft/", drafts.keep, name="keep"),
    path("<int:pk>/preview/", wizard.preview, name="preview"),
    path("<int:pk>/review/", wizard.review, name="review"),
    path("<int:pk>/launch/", acts.launch, name="launch"),
    path("<int:pk>/take-back/", acts.take_back, name="take_back"),
    path("<int:pk>/pause/", acts.pause, name="pause"),
    path("<int:pk>/resume/", acts.resume, name="resume"),
    path("<int:pk>/cancel/", acts.cancel, name="cancel"),
    path("<int:pk>/messages/<int:message>/resend/", acts.resend, name="resend"),
    path("<int:pk>/messages/<int:message>/close/", acts.close, name="close"),
]
