"""`seqkit serve`: the models of this machine, asked over HTTP.

catalogue.py   names and their models, opened when they are asked for, closed for want of memory
batching.py    the requests of all clients computed together; scheduling.py: who is next
kernel.py      a request from its JSON to its answer, for whatever route asks
routes/        GET /v1/models, POST /v1/OPERATION, /health, /metrics, /docs
streaming.py   server-sent events
limits.py      sizes and times; security.py: tokens, hosts and origins; errors.py: answers for both
measures.py    what Prometheus reads
app.py         all of it as one application; server.py: uvicorn, signals, logs

What can be asked is what the domains offer: see `seqkit.services`.
"""
