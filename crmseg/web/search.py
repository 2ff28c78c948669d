"""What is typed into the search of a list: ?q= of its address."""

from django.http import QueryDict

MOST = 200  # letters, as `maxlength` of the fields says


def typed(query: QueryDict) -> str:
    return query.get("q", "").replace("\x00", "").strip()[:MOST]
