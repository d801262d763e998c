# `seqkit serve` on CPUs, with the shipped model inside.
#
#     docker build -t seqkit .
#     openssl rand -hex 32 > token
#     docker run --rm -p 127.0.0.1:8000:8000 -v ./token:/run/secrets/token:ro seqkit
#
# More models: -v ./models:/models:ro, and behind the image `-m en-de -m zh-en=/models/FILE`.
# docs/deployment.md has proxies, limits and memory.

FROM python:3.12-slim-bookworm AS build

# For what seqkit compiles; without it NumPy does the same, more slowly.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*

RUN python -m venv /opt/seqkit
ENV PATH=/opt/seqkit/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# torch for CPUs, from its own index, in a layer that changes with its version alone.
ARG TORCH=2.13.0
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --index-url "$TORCH_INDEX" "torch==$TORCH"

WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE constraints.txt ./
COPY seqkit seqkit
COPY corpora corpora
RUN pip install --constraint constraints.txt ".[serve,fast,documents]"


FROM python:3.12-slim-bookworm

RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent seqkit
COPY --from=build /opt/seqkit /opt/seqkit

# Nothing is written but temporary files: run it with --read-only --tmpfs /tmp.
ENV PATH=/opt/seqkit/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp \
    SEQKIT_CACHE=/tmp/seqkit

USER 10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]

# Other machines reach a container: there is a token. Options behind the image's name are added.
ENTRYPOINT ["seqkit", "serve", "--host", "0.0.0.0", "--token-file", "/run/secrets/token"]
