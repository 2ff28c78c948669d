"""Schema and static files as the code at hand wants them; each looks first whether there is anything to do.

The words (`messages.compile_stale`) come before the first process that reads them: what it once loaded it keeps.
"""

from concurrent.futures import ThreadPoolExecutor

from django.conf import settings


def prepare() -> None:
    from crmseg.starting import schema, statics

    with ThreadPoolExecutor(1) as beside:  # compressing is our processor's work, the schema another program's
        files = None if settings.DEBUG else beside.submit(statics.collect_if_stale)
        schema.apply_pending()
    if files is not None:
        files.result()
