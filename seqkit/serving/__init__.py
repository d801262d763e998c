"""`seqkit serve`: the models of this machine, asked over HTTP.

settings.py    what a service is started with
catalogue.py   names and their models, opened when they are asked for, closed for want of memory:
               memory.py says how much there is
batching.py    the requests of all clients computed together; tickets.py: each of them
kernel.py      a request from its JSON to its answer, for whatever route asks
routes/        GET /v1/models, POST /v1/OPERATION, /health, /metrics, /docs
jobs.py        documents translated while others are served; served.py: by its models;
               uploads.py: files that are sent
pairs.py       which models translate between two languages; languages.py: their codes;
               detection.py: which one a text is in
streaming.py   server-sent events
entrance.py    what every request passes: security.py: tokens, hosts and origins; limits.py: sizes
errors.py      what a client is told that gets no answer
measures.py    what Prometheus reads; description.py: OpenAPI, and a page of it
app.py         all of it as one application; server.py: uvicorn, signals, logs
page/          for people, in a browser; libretranslate/: as programs ask LibreTranslate

What can be asked is what the domains offer: see `seqkit.services`.
"""
