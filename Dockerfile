# syntax=docker/dockerfile:1
# One image for the bot, the workers and the migrations; the command tells them apart.

FROM python:3.12-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/venv/bin:$PATH

FROM base AS build
# Which build of torch: cpu comes from torch's own index, a tenth of the size; cuda from PyPI with
# the libraries it wants, all of them locked, see docker-compose.gpu.yml.
ARG TORCH=cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PIP_NO_DEPS=1
RUN python -m venv /opt/venv && python -m venv /opt/tools
WORKDIR /src
# The dependencies first, as they are locked, in layers that outlive a change of our own code.
COPY requirements ./requirements
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --require-hashes -r requirements/runtime.txt
RUN --mount=type=cache,target=/root/.cache/pip \
    if [ "$TORCH" = cuda ]; then \
        pip install --require-hashes -r requirements/torch.txt; \
    else \
        pip install --index-url https://download.pytorch.org/whl/cpu \
            "$(sed -n 's/^\(torch==[^ ;\\]*\).*/\1/p' requirements/torch.txt)"; \
    fi
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/tools/bin/pip install --require-hashes -r requirements/tools.txt
COPY . .
RUN pip install --no-build-isolation .
# What is in the image, in CycloneDX.
RUN /opt/tools/bin/python scripts/sbom.py /opt/venv/share/babelpix/sbom.cdx.json \
    $(if [ "$TORCH" = cuda ]; then echo --cuda; fi)

FROM base
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-color-emoji libfribidi0 \
    && rm -rf /var/lib/apt/lists/*
# These folders belong to the user, so that fresh volumes mounted there do as well.
RUN useradd --system --uid 10001 --create-home babelpix \
    && install -d -o babelpix -g babelpix /blobs /cache /data /data/models /data/packs
COPY --from=build /opt/venv /opt/venv
# Babelpix tells its version itself: docker run --rm babelpix python -m bot --version
USER babelpix
WORKDIR /home/babelpix
ENV DATA_DIR=/data \
    CACHE_DIR=/cache \
    WEB_HOST=0.0.0.0 \
    WEB_PORT=8080
EXPOSE 8080
CMD ["python", "-m", "bot", "run"]
