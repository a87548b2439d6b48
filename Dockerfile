# syntax=docker/dockerfile:1

# A tag can come to mean another image. Who builds for others pins both by digest, as a registry tells it:
#   docker build --build-arg GO_IMAGE=golang@sha256:... --build-arg BASE_IMAGE=gcr.io/distroless/static@sha256:... .
ARG GO_IMAGE=golang:1.26.8
ARG BASE_IMAGE=gcr.io/distroless/static:nonroot

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
# The Go of the image and no other, and modules as go.sum has them.
ENV GOTOOLCHAIN=local GOFLAGS=-mod=readonly
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download && go mod verify
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /manager ./cmd/manager

# No shell, no package manager, and nothing that the manager writes: the root can be read-only.
FROM ${BASE_IMAGE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="foundation-operator" \
      org.opencontainers.image.description="Gives teams their place on a shared GPU cluster, and takes it back without losing data" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /manager /manager
USER 65532:65532
ENTRYPOINT ["/manager"]
