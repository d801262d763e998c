"""The commands of translation: thin over the library."""
