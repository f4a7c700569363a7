# syntax=docker/dockerfile:1
# One image for the bot, the workers and the migrations; the command tells them apart.

FROM python:3.12-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/venv/bin:$PATH

FROM base AS build
# Where torch comes from: its own index has a build without CUDA, a tenth of the size.
# https://pypi.org/simple has the one with CUDA, see docker-compose.gpu.yml.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/venv
WORKDIR /src
# The dependencies first, in layers that outlive a change of our own code.
COPY pyproject.toml README.md LICENSE ./
RUN --mount=type=cache,target=/root/.cache/pip \
    torch=$(python -c 'import tomllib; print(*(d for d in tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"] if d.startswith("torch>")))') \
    && pip install --no-deps --index-url "$TORCH_INDEX" "$torch"
RUN --mount=type=cache,target=/root/.cache/pip pip install .
COPY . .
RUN --mount=type=cache,target=/root/.cache/pip pip install --no-deps --force-reinstall .

FROM base
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-color-emoji libfribidi0 \
    && rm -rf /var/lib/apt/lists/*
# These folders belong to the user, so that fresh volumes mounted there do as well.
RUN useradd --system --uid 10001 --create-home babelpix \
    && install -d -o babelpix -g babelpix /blobs /cache /data /data/models /data/packs
COPY --from=build /opt/venv /opt/venv
USER babelpix
WORKDIR /home/babelpix
ENV DATA_DIR=/data \
    CACHE_DIR=/cache \
    WEB_HOST=0.0.0.0 \
    WEB_PORT=8080
EXPOSE 8080
CMD ["python", "-m", "bot", "run"]
