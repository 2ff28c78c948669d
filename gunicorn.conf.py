"""Read by `gunicorn crmseg.wsgi` in this directory: what is wrong around the site is told before it begins.

By another process: this one lives as long as the site and must not keep our modules, or a reload would mix old and
new code. Once per start: a server that is away while the site reloads must not end it. `serve` has asked already.
"""

import os
import subprocess
import sys

ASKED = "CRMSEG_ASKED_BY"

if "CRMSEG_GATE" not in os.environ and os.environ.get(ASKED) != str(os.getpid()):
    os.environ[ASKED] = str(os.getpid())
    asking = "from crmseg.starting.standalone import refuse_site; refuse_site()"
    try:
        if subprocess.run([sys.executable, "-c", asking], check=False).returncode:
            sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
