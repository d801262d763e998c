"""Documents: files whose text is translated while everything else stays byte for byte.

A document is decoded (`content`), its kind is told by name and content (`kinds`), and a module per
kind finds its segments: stretches of the file that are text. A translation is written over its
segment and nothing else is touched, so what is not text cannot change. `inline` puts markup back
around the right words (`placing` finds where), `translating` sends the segments of a document
through a translator at once, and `memory` keeps what was translated.
"""
