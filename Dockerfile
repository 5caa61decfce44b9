FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements/production.txt requirements/production.txt
RUN pip install --require-hashes -r requirements/production.txt
COPY . .
# collectstatic needs settings that start, not the secrets of the instance.
RUN pybabel -q compile -d locale -D django \
 && DEBUG=0 SECRET_KEY=only-while-building-the-image-only-while-building-the-image HOSTS=localhost SMTP_HOST=localhost STATIC_ROOT=/app/collected \
    DATA_DIR=/tmp/build python manage.py collectstatic --noinput -v 0 \
 && useradd --system --home /data deliberate && mkdir -p /data/log /data/keys /data/box && chown -R deliberate /data
ENV STATIC_ROOT=/app/collected
USER deliberate
EXPOSE 8000
CMD ["daphne", "-b", "0.0.0.0", "-p", "8000", "--no-server-name", "-v", "0", "deliberate.asgi:application"]
