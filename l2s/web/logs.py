"""Log records as lines of JSON. Records name types, codes and templates of routes, never what a person sent."""

from __future__ import annotations

import json
import logging


class JsonLines(logging.Formatter):
    """One JSON object a line; control characters are escaped by the encoding."""

    def format(self, record: logging.LogRecord) -> str:
        """The record."""
        line: dict[str, object] = {
            "at": int(record.created * 1000),
            "level": record.levelname.lower(),
            "name": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)
