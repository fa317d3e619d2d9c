# `blip serve` in a container. Build from the repository root:
#   docker build -f infra/containers/serve.Dockerfile -t blip .
#   docker build -f infra/containers/serve.Dockerfile -t blip:gpu --build-arg BLIP_RUNTIME=gpu .
# With a full-size model baked in: --build-arg BLIP_MODEL=Salesforce/blip-vqa-capfilt-large
# (a private one: --secret id=hf_token,src=FILE), and with --build-arg BLIP_PRECISION=int8 its int8 weights too.
# Run, root file system read-only, listening beyond loopback and therefore with a key:
#   docker run --read-only --tmpfs /tmp -v blip-models:/models -p 8080:8080 -e Blip__ApiKey=... blip
#
# Base images by tag; pin one by its digest argument, for example SDK_DIGEST=@sha256:...
ARG BLIP_RUNTIME=cpu
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble
ARG SDK_DIGEST=
ARG CPU_IMAGE=mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled
ARG CPU_DIGEST=
ARG GPU_IMAGE=nvidia/cuda:13.0.2-cudnn-runtime-ubuntu24.04
ARG GPU_DIGEST=

FROM ${SDK_IMAGE}${SDK_DIGEST} AS build
ARG BLIP_RUNTIME
WORKDIR /src
COPY . .
RUN dotnet publish src/Blip.Cli -c Release -r linux-x64 --self-contained true -p:BlipRuntime="$BLIP_RUNTIME" -o /app

# The files of the model, or an empty folder. Same paths as at run time: the cache is made of links.
FROM build AS model
ARG BLIP_MODEL=demo
ARG BLIP_PRECISION=default
ENV HF_HOME=/models/huggingface \
    XDG_CACHE_HOME=/models/cache
RUN --mount=type=secret,id=hf_token \
    mkdir -p /models \
    && if [ "$BLIP_MODEL" != demo ]; then HF_TOKEN_PATH=/run/secrets/hf_token /app/blip pull "$BLIP_MODEL"; fi \
    && if [ "$BLIP_PRECISION" = int8 ]; then /app/blip warm --model "$BLIP_MODEL" --precision int8; fi

# No shell, no package manager.
FROM ${CPU_IMAGE}${CPU_DIGEST} AS base-cpu

# CUDA 13 and cuDNN 9 without a .NET runtime: the application carries its own.
FROM ${GPU_IMAGE}${GPU_DIGEST} AS base-gpu
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3t64 libstdc++6 \
    && rm -rf /var/lib/apt/lists/*
ENV APP_UID=1654

FROM base-${BLIP_RUNTIME} AS final
ARG BLIP_MODEL=demo
ARG BLIP_PRECISION=default
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="blip" \
      org.opencontainers.image.description="Answers questions about images: BLIP visual question answering over HTTP and MCP" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# Diagnostics would open a socket in /tmp.
ENV DOTNET_EnableDiagnostics=0 \
    HF_HOME=/models/huggingface \
    XDG_CACHE_HOME=/models/cache \
    Blip__Model=$BLIP_MODEL \
    Blip__Precision=$BLIP_PRECISION
WORKDIR /app
COPY --from=build /app .
COPY --from=model --chown=1654:1654 /models /models
USER $APP_UID
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=5m --retries=3 CMD ["/app/blip", "health", "--url", "http://127.0.0.1:8080"]
ENTRYPOINT ["/app/blip", "serve", "--urls", "http://0.0.0.0:8080"]
