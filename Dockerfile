# One image for web, workers and beat: the command decides. PostgreSQL and Redis are services of their own here.
FROM python:3.11-slim

RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --home-dir /data --uid 10001 crmseg

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data STATIC_ROOT=/srv/static
WORKDIR /srv/crmseg

COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

COPY . .
# Neither step touches a database; the values only let the settings load and stay in no layer of the image.
RUN key=$(python -c "import secrets; print(secrets.token_urlsafe(48))") \
 && export DATABASE_URL=postgres://build@build/build REDIS_URL=redis://build SECRET_KEY=$key FIELD_KEYS=$key \
 && python manage.py compilemessages \
 && python manage.py collectstatic --noinput --verbosity 0

USER crmseg
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=2); c.request('GET', '/livez'); raise SystemExit(c.getresponse().status >= 500)"]
CMD ["gunicorn", "crmseg.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", \
     "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
