# Coterie as a server: small, with the versions of the lock, and not as root.
FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && sed -n 's/^\([[:alnum:]._-]*==[^ \\;]*\) *\\$/\1/p' requirements.lock > /wheels/versions.txt

FROM python:3.13-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --constraint /wheels/versions.txt \
    "$(ls /wheels/*.whl)[serve,postgres]" \
    && useradd --uid 10001 --create-home coterie \
    && install --directory --owner=coterie /data
USER 10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["coterie"]
CMD ["serve", "/data", "--log-format", "json", "--log-level", "info"]
