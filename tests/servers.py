"""A pytest plugin of `manage.py test`: each parallel process gets servers of its own, before settings are read.

A shared cluster would make tests wait for each other: the change log is readable up to the oldest open transaction of
the whole cluster, whichever database that is in.
"""

import json
import os

worker = os.environ.get("PYTEST_XDIST_WORKER", "")
each = json.loads(os.environ.get("CRMSEG_TEST_SERVERS", "[]"))
if worker and each:
    os.environ.update(each[int(worker.removeprefix("gw"))])
