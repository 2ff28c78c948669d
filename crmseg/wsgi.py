"""The site for a WSGI server. `gunicorn.conf.py` has asked before; here others are told what was read wrong."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from crmseg.embedded import EmbeddedError
from crmseg.starting import standalone

NEVER_BOOTS = 3  # gunicorn ends at this code of a worker; any other it starts again and again

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crmseg.settings")
try:
    if lines := standalone.unstarted():
        raise ImproperlyConfigured("\n".join(lines))
    application = get_wsgi_application()
except (ImproperlyConfigured, EmbeddedError) as error:
    standalone.tell(str(error).splitlines())
    raise SystemExit(NEVER_BOOTS) from None
