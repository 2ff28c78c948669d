from http import HTTPStatus
from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crmseg.web import preferences
from crmseg.web.page import flash, render_page

from . import backoff
from .forms import LoginForm, PreferencesForm
from .models import User


@method_decorator(login_not_required, name="dispatch")
class LoginView(DjangoLoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """What the person chose in the profile also holds on the next login page."""
        response = super().form_valid(form)
        user = form.get_user()
        backoff.remember(self.request, response, user.email)
        return preferences.remember(response, language=user.language, theme=user.theme)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        if isinstance(form, LoginForm):
            form.begin_where_wrong()
        response = super().form_invalid(form)
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        if retry_at := getattr(form, "retry_at", None):
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
            response["Retry-After"] = str(max(int((retry_at - timezone.now()).total_seconds()), 1))
        return response


@require_safe
def session(request: HttpRequest) -> HttpResponse:
    """Nothing, to whoever is logged in: a page asks before it sends what cannot be taken back."""
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = PreferencesForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        with translation.override(user.language):
            flash(request, _("Сохранено"))
        return preferences.remember(redirect("accounts:profile"), language=user.language, theme=user.theme)
    status = 422 if form.is_bound else 200
    return render_page(request, "accounts/profile.html", {"form": form, "person": user}, status=status)


@login_not_required
@require_POST
def choose_preferences(request: HttpRequest) -> HttpResponse:
    """Language or theme by one button, also before the login; leads back to the page it was pressed on."""
    chosen = {name: request.POST.get(name, "") for name in ("language", "theme")}
    known = {"language": preferences.LANGUAGES, "theme": preferences.THEMES}
    chosen = {name: value for name, value in chosen.items() if value in known[name]}
    if chosen and isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(**chosen)
    return preferences.remember(HttpResponseRedirect(_local(request, request.POST.get("next", ""))), **chosen)


def _local(request: HttpRequest, url: str) -> str:
    safe = url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return url if safe else "/"
