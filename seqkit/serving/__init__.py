"""`seqkit serve`: the models of this machine, asked over HTTP.

catalogue.py   names and their models, opened when they are asked for, closed for want of memory
batching.py    the requests of all clients computed together; tickets.py: each of them
kernel.py      a request from its JSON to its answer, for whatever route asks
routes/        GET /v1/models, POST /v1/OPERATION, /health, /metrics, /docs
streaming.py   server-sent events
entrance.py    what every request passes: security.py: tokens, hosts and origins; limits.py: sizes
errors.py      what a client is told that gets no answer
measures.py    what Prometheus reads; description.py: OpenAPI, and a page of it
app.py         all of it as one application; server.py: uvicorn, signals, logs

What can be asked is what the domains offer: see `seqkit.services`.
"""
