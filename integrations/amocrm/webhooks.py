"""The door amoCRM knocks at: keep the body, answer at once. What it means is found out later, elsewhere."""

import hmac

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ..models import Receipt
from .models import Account
from .receipts import SOURCE

MOST_BYTES = 1024 * 1024


@csrf_exempt
@login_not_required
@require_POST
def hook(request: HttpRequest, secret: str) -> HttpResponse:
    """amoCRM waits two seconds and signs nothing: the path is the secret, and 200 is said to everything it sends."""
    account = Account.objects.only("hook_secret").first()
    if account is None or not hmac.compare_digest(account.hook_secret.encode(), secret.encode()):
        return HttpResponse(status=404)
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        body = request.body
    except (RawPostDataException, OSError):
        return HttpResponse(status=400)
    Receipt.objects.create(source=SOURCE, body=body, content_type=(request.content_type or "")[:100])
    return HttpResponse("ok", content_type="text/plain")
