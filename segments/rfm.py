"""Recency, frequency, money: won deals in, three scores from 1 (weak) to 5 (strong) on the contact out.

Each score is the fifth of the buyers a person stands in; equal figures get the equal, lower score, so that a thousand
one-off buyers are not spread over the scale by chance. Without a won deal there is no score.
"""

from datetime import datetime

from django.db import connection

_STATEMENT = """
WITH bought AS (
    SELECT l.contact_id AS id, coalesce(max(d.closed_at), min(d.created_at)) AS last_at, count(*) AS purchases,
        coalesce(sum(d.price), 0) AS spent
    FROM pipelines_dealcontact l
    JOIN pipelines_deal d ON d.id = l.deal_id AND d.deleted_at IS NULL
    JOIN pipelines_stage s ON s.id = d.stage_id AND s.kind = 'won'
    JOIN pipelines_contact c ON c.id = l.contact_id AND c.deleted_at IS NULL
    GROUP BY l.contact_id
),
fifths AS (
    SELECT *, ntile(5) OVER (ORDER BY last_at, id) AS r, ntile(5) OVER (ORDER BY purchases, id) AS f,
        ntile(5) OVER (ORDER BY spent, id) AS m
    FROM bought
),
scores AS (
    SELECT id, min(r) OVER (PARTITION BY last_at) AS r, min(f) OVER (PARTITION BY purchases) AS f,
        min(m) OVER (PARTITION BY spent) AS m
    FROM fifths
),
differing AS (
    SELECT c.id, scores.r, scores.f, scores.m FROM pipelines_contact c LEFT JOIN scores USING (id)
    WHERE c.deleted_at IS NULL AND (c.rfm_recency, c.rfm_frequency, c.rfm_monetary)
        IS DISTINCT FROM (scores.r::smallint, scores.f::smallint, scores.m::smallint)
    ORDER BY c.id FOR NO KEY UPDATE OF c
),
changed AS (
    UPDATE pipelines_contact c
    SET rfm_recency = differing.r, rfm_frequency = differing.f, rfm_monetary = differing.m, changed_at = %(now)s
    FROM differing WHERE c.id = differing.id RETURNING c.id
),
logged AS (
    INSERT INTO pipelines_change (type, subject_id, occurred_at, origin, data)
    SELECT 'contact.updated', id, %(now)s, 'automation',
        '{"fields": ["rfm_recency", "rfm_frequency", "rfm_monetary"]}'::jsonb
    FROM changed RETURNING 1
)
SELECT count(*) FROM logged
"""


def refresh(*, now: datetime) -> int:
    """Score every buyer anew; returns how many contacts changed."""
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT, {"now": now})
        return int(cursor.fetchone()[0])
