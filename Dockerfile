# syntax=docker/dockerfile:1

# Builds the wheel with the web client in it (the build hook brings Node), and installs it by the lock.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.lock ./
# The lock has the packages of the tests too: here it only says which versions.
RUN sed -n 's/ \\$//; /^[a-z]/p' requirements.lock > constraints.txt \
    && python -m venv /opt/curbside
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheels . \
    && /opt/curbside/bin/pip install --constraint constraints.txt /wheels/*.whl \
    && /opt/curbside/bin/pip uninstall --yes pip

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin curbside \
    && install --directory --owner=curbside --group=curbside --mode=0700 /data
COPY --from=build /opt/curbside /opt/curbside
ENV PATH=/opt/curbside/bin:$PATH PYTHONUNBUFFERED=1 CURBSIDE_DATA=/data CURBSIDE_LOG=json
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\") or 8000}/healthz', timeout=2)"]
ENTRYPOINT ["curbside"]
CMD ["serve", "--host", "0.0.0.0"]
