"""The bundled model for drawings and photographs, made of small parts (ADR 19)."""
