"""The page behind the link in every letter: no login, no cookie. GET shows, POST acts (RFC 8058 one-click as well).

Who opens it knows the sender of the letter, not the program that sent it.
"""

from email.utils import parseaddr

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from .. import consent, tracking


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    if request.method == "POST":
        is_one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        message = tracking.unsubscribe(token, now=timezone.now(), how="one-click" if is_one_click else "page")
        is_done = True
    else:
        message = tracking.message_of(token)
        is_done = message is not None and message.unsubscribed_at is not None
    context = {
        "is_known": message is not None,
        "is_done": is_done,
        "address": consent.hint(message.address) if message else "",
        "sender": settings.DEFAULT_FROM_EMAIL,
        "whose": parseaddr(settings.DEFAULT_FROM_EMAIL)[0] or settings.DEFAULT_FROM_EMAIL,
        "theme": "auto",
    }
    # Without the request: its CSRF token would set a cookie.
    return HttpResponse(render_to_string("campaigns/unsubscribe.html", context), status=200 if message else 404)
