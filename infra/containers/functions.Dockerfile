# Not run here: neither the image of the Functions host nor Container Apps was at hand. It follows the platform's
# documentation: the published app under /home/site/wwwroot of the host's image, port 8080, a user without rights (1654).
# (Health checks are probes of the container app, infra/app/container.bicep: the platform reads no HEALTHCHECK.)
#
# The Functions app in a container, for Container Apps. Build from the repository root:
#   docker build -f infra/containers/functions.Dockerfile -t blip-functions .
#   docker build -f infra/containers/functions.Dockerfile -t blip-functions:gpu --build-arg BLIP_RUNTIME=gpu .
# BLIP_MODEL bakes a model in, and BLIP_PRECISION=int8 its int8 weights too; without it the model named by the setting
# Blip__Model is pulled at start.
#
# Base images by tag; pin one by its digest argument, for example SDK_DIGEST=@sha256:...
ARG BLIP_RUNTIME=cpu
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble
ARG SDK_DIGEST=
ARG FUNCTIONS_IMAGE=mcr.microsoft.com/azure-functions/dotnet-isolated:4-dotnet-isolated10.0
ARG FUNCTIONS_DIGEST=
ARG CUDA_IMAGE=nvidia/cuda:13.0.2-cudnn-runtime-ubuntu22.04
ARG CUDA_DIGEST=

FROM ${SDK_IMAGE}${SDK_DIGEST} AS build
ARG BLIP_RUNTIME
WORKDIR /src
COPY . .
RUN dotnet publish src/Blip.Functions -c Release -r linux-x64 --self-contained false \
    -p:BlipRuntime="$BLIP_RUNTIME" -p:BlipBlobSource=EventGrid -o /app

# The files of the model, or an empty folder. Same paths as at run time: the cache is made of links.
FROM build AS model
ARG BLIP_MODEL=
ARG BLIP_PRECISION=
ENV HF_HOME=/models/huggingface \
    XDG_CACHE_HOME=/models/cache
RUN mkdir -p /models \
    && if [ -n "$BLIP_MODEL" ] && [ "$BLIP_MODEL" != demo ]; then \
         dotnet publish src/Blip.Cli -c Release -r linux-x64 --self-contained true -o /cli \
         && /cli/blip pull "$BLIP_MODEL" \
         && if [ "$BLIP_PRECISION" = int8 ]; then /cli/blip warm --model "$BLIP_MODEL" --precision int8; fi; \
       fi

# Of CUDA 13 and cuDNN 9 only what ONNX Runtime's CUDA provider loads. From Ubuntu 22.04, whose C library is older
# than that of the host's image.
FROM ${CUDA_IMAGE}${CUDA_DIGEST} AS cuda
RUN mkdir /cuda \
    && for name in cublas cublasLt cudart curand nvrtc nvrtc-builtins; do \
         cp -P /usr/local/cuda/lib64/lib$name.so* /cuda/ || exit 1; \
       done \
    && cp -P /usr/lib/x86_64-linux-gnu/libcudnn*.so* /cuda/

FROM ${FUNCTIONS_IMAGE}${FUNCTIONS_DIGEST} AS base-cpu

FROM base-cpu AS base-gpu
COPY --from=cuda /cuda /usr/local/cuda/lib64
ENV LD_LIBRARY_PATH=/usr/local/cuda/lib64 \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    NVIDIA_VISIBLE_DEVICES=all

FROM base-${BLIP_RUNTIME} AS final
ENV APP_UID=1654
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="blip-functions" \
      org.opencontainers.image.description="Answers questions about images: BLIP visual question answering as an Azure Functions app" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
ENV ASPNETCORE_URLS=http://+:8080 \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true \
    AzureWebJobsScriptRoot=/home/site/wwwroot \
    FUNCTIONS_WORKER_RUNTIME=dotnet-isolated \
    HF_HOME=/models/huggingface \
    XDG_CACHE_HOME=/models/cache
COPY --from=model --chown=1654:1654 /models /models
COPY --from=build /app /home/site/wwwroot
# The host keeps its logs and its data there.
RUN mkdir -p /home/LogFiles /home/data && chown 1654:1654 /home /home/LogFiles /home/data
USER $APP_UID
EXPOSE 8080
