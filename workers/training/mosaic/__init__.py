"""The bundled model for drawings and photographs: its parts, and how they are joined."""
